#include "actors/queue/snapshot/topic_snapshot.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace millrace::queues {
namespace {

class TopicWriter {
 public:
  TopicWriter(PartSize size, const SnapshotSink& sink) : size_(size), sink_(sink) {}

  void write(const std::string& name, const Topic& topic) {
    pb::TopicPart& part = *part_.mutable_topic();
    part.set_name(name);
    *part.mutable_options() = topic.options;
    part.set_start(topic.start);
    part.set_next(topic.next);
    write_groups(name, topic);
    write_producers(name, topic);
    for (const TopicBatch& batch : topic.batches) {
      if (part_.topic().count_size() >= size_.entries) begin_more(name);
      add(batch);
    }
    finish();
  }

 private:
  void write_groups(const std::string& name, const Topic& topic) {
    for (const auto& [group_name, group] : topic.groups) {
      grow(name, group_name.size() + group.metadata.size());
      pb::TopicPart::Group& written = *part_.mutable_topic()->add_group();
      written.set_name(group_name);
      written.set_committed(group.committed);
      written.set_held_from(group.held_from);
      written.set_metadata(group.metadata);
      written.set_active_age_us(group.active_age_us);
      written.set_permanent(group.is_permanent);
    }
  }

  void write_producers(const std::string& name, const Topic& topic) {
    std::vector<std::int64_t> ids;
    ids.reserve(topic.producers.size());
    for (const auto& [id, producer] : topic.producers) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (const std::int64_t id : ids) {
      grow(name, producer_bytes);
      add(id, topic.producers.find(id)->second);
    }
  }

  void grow(const std::string& name, std::size_t by) {
    if (bytes_ > 0 && bytes_ + by > size_.bytes) begin_more(name);
    bytes_ += by;
  }

  void begin_more(const std::string& name) {
    finish();
    part_.mutable_topic()->set_name(name);
    part_.mutable_topic()->set_continues(true);
  }

  void add(std::int64_t id, const TopicProducer& producer) {
    pb::TopicPart::Producer& written = *part_.mutable_topic()->add_producer();
    written.set_id(id);
    written.set_epoch(static_cast<std::uint32_t>(producer.epoch));
    written.set_next_sequence(static_cast<std::uint32_t>(producer.next_sequence));
    written.set_active_age_us(producer.active_age_us);
    for (const RecentBatch& recent : producer.recent) {
      pb::TopicPart::Recent& one = *written.add_recent();
      one.set_sequence(static_cast<std::uint32_t>(recent.sequence));
      one.set_count(recent.count);
      one.set_base_offset(recent.base_offset);
    }
  }

  void add(const TopicBatch& batch) {
    pb::TopicPart& part = *part_.mutable_topic();
    part.add_sequence_step(batch.sequence - before_.sequence);
    part.add_base_step(batch.base_offset - before_.base_offset);
    part.add_count(batch.count);
    part.add_timestamp_step(batch.timestamp_ms - before_.timestamp_ms);
    part.add_age_step(batch.age_us - before_.age_us);
    part.add_bytes(batch.bytes);
    before_ = batch;
  }

  void finish() {
    sink_(part_.SerializeAsString());
    part_.Clear();
    before_ = nothing();
    bytes_ = 0;
  }

  static TopicBatch nothing() { return {.timestamp_ms = 0}; }

  static constexpr std::size_t producer_bytes = 128;  ///< at most, with its recent batches

  const PartSize size_;
  const SnapshotSink& sink_;
  pb::SnapshotPart part_;
  TopicBatch before_ = nothing();
  std::size_t bytes_ = 0;  ///< of the groups and producers of `part_`
};

/// What the part adds.
struct Parsed {
  Topic topic{};  ///< a new one, or more of its groups and producers; without batches
  std::vector<TopicBatch> batches{};
  const char* fault = nullptr;
};

bool is_int31(std::uint32_t number) {
  return number <= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
}

/// Adds the batches of the part to `out`; they follow those of `topic`.
void parse_batches(const pb::TopicPart& part, const Topic& topic, Sequence last, Parsed& out) {
  const int size = part.count_size();
  if (part.sequence_step_size() != size || part.base_step_size() != size ||
      part.timestamp_step_size() != size || part.age_step_size() != size ||
      part.bytes_size() != size) {
    out.fault = "differing lengths of columns";
    return;
  }
  const bool has_more = !topic.batches.empty();
  Sequence before = has_more ? topic.batches.back().sequence : 0;
  std::int64_t end = has_more ? topic.batches.back().end() : -1;
  TopicBatch batch{.timestamp_ms = 0};
  for (int i = 0; i < size; ++i) {
    if (part.sequence_step(i) > last - batch.sequence) {
      out.fault = "a message beyond the last";
      return;
    }
    batch.sequence += part.sequence_step(i);
    batch.base_offset += part.base_step(i);
    batch.count = part.count(i);
    batch.timestamp_ms += part.timestamp_step(i);
    batch.age_us += part.age_step(i);
    batch.bytes = part.bytes(i);
    const bool follows = end < 0 ? batch.base_offset == topic.start : batch.base_offset == end;
    if (!follows || batch.sequence <= before || batch.count == 0 || batch.end() > topic.next) {
      out.fault = "a gap";
      return;
    }
    before = batch.sequence;
    end = batch.end();
    out.batches.push_back(batch);
  }
}

Parsed parse(const State& state, const pb::TopicPart& part) {
  const auto known = state.durable.topics.find(part.name());
  const bool is_known = known != state.durable.topics.end();
  Parsed out;
  const auto fails = [&out](const char* fault) {
    out.fault = fault;
    return out;
  };
  if (!state.keeps_topics()) return fails("a topic of a queue that keeps none");
  if (part.continues() != is_known) {
    return fails(is_known ? "the topic twice" : "batches of a topic that is not there");
  }
  Topic& topic = out.topic;
  topic.options = part.options();
  topic.start = is_known ? known->second.start : part.start();
  topic.next = is_known ? known->second.next : part.next();
  if (topic.start < 0 || topic.next < topic.start) return fails("offsets out of order");
  for (const pb::TopicPart::Group& group : part.group()) {
    if (group.committed() < -1 || group.committed() > topic.next || group.held_from() < 0 ||
        group.held_from() > topic.next) {
      return fails("a group beyond its end");
    }
    const TopicGroup read{.committed = group.committed(),
                          .held_from = group.held_from(),
                          .metadata = group.metadata(),
                          .active_age_us = group.active_age_us(),
                          .is_permanent = group.permanent()};
    const bool is_there = is_known && known->second.groups.contains(group.name());
    if (is_there || !topic.groups.emplace(group.name(), read).second) return fails("a group twice");
  }
  for (const pb::TopicPart::Producer& producer : part.producer()) {
    if (producer.epoch() > INT16_MAX || !is_int31(producer.next_sequence())) {
      return fails("an invalid number of a producer");
    }
    TopicProducer& read = topic.producers[producer.id()];
    read.epoch = static_cast<std::int16_t>(producer.epoch());
    read.next_sequence = static_cast<std::int32_t>(producer.next_sequence());
    read.active_age_us = producer.active_age_us();
    for (const pb::TopicPart::Recent& recent : producer.recent()) {
      if (!is_int31(recent.sequence())) return fails("an invalid number of a producer");
      read.recent.push_back(
          {static_cast<std::int32_t>(recent.sequence()), recent.count(), recent.base_offset()});
    }
  }
  parse_batches(part, is_known ? known->second : topic, state.durable.last, out);
  return out;
}

Error corrupt(const State& state, const pb::TopicPart& part, const char* fault) {
  return {ErrorCode::corrupt,
          "snapshot: " + std::string(fault) + " in topic " + part.name() + " of " + state.name};
}

}  // namespace

void write_topics(const TopicTable& topics, PartSize size, const SnapshotSink& sink) {
  TopicWriter writer(size, sink);
  for (const auto& [name, topic] : topics) writer.write(name, topic);
}

Result<void> check_topic(const State& state, const pb::TopicPart& part) {
  const Parsed parsed = parse(state, part);
  if (parsed.fault != nullptr) return corrupt(state, part, parsed.fault);
  return {};
}

Result<void> read_topic(State& state, const pb::TopicPart& part) {
  Parsed parsed = parse(state, part);
  if (parsed.fault != nullptr) return corrupt(state, part, parsed.fault);
  const auto [place, is_new] = state.durable.topics.try_emplace(part.name());
  Topic& topic = place->second;
  if (is_new) {
    topic = std::move(parsed.topic);
  } else {
    topic.groups.merge(parsed.topic.groups);
    topic.producers.merge(parsed.topic.producers);
  }
  for (const TopicBatch& batch : parsed.batches) {
    topic.batches.push_back(batch);
    topic.bytes += batch.bytes;
  }
  return {};
}

}  // namespace millrace::queues
