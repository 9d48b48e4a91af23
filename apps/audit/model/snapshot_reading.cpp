// Loads checkpoints and parts of moving queues, and compares a checkpoint with the records before it.
#include <algorithm>

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "apps/audit/model/model.hpp"

namespace millrace::audit {
namespace {

constexpr std::uint32_t extra_flag = 1U << 5;

void load_head(Queue& queue, const pb::QueueHead& head) {
  queue.last = head.last();
  queue.counts = {head.offered(), head.acked(),      head.dead(),
                  head.dropped(), head.duplicates(), head.redelivered()};
  queue.generations.assign(head.generation().begin(), head.generation().end());
  for (const pb::PauseChange& one : head.pause()) queue.paused.insert(one.key());
  queue.breaker_open_since_us = head.breaker().open_since_us();
}

void load_messages(Queue& queue, const pb::MessageColumns& columns,
                   std::optional<std::pair<std::uint64_t, std::uint32_t>> place,
                   const Complain& complain) {
  const int size = columns.flags_size();
  if (columns.sequence_step_size() != size || columns.place_step_size() != size ||
      columns.index_size() != size || columns.bytes_size() != size) {
    return complain(About::checkpoints, "columns of messages differ in length");
  }
  std::uint64_t sequence = 0;
  std::uint64_t at = 0;
  int extras = 0;
  for (int i = 0; i < size; ++i) {
    sequence += columns.sequence_step(i);
    at += static_cast<std::uint64_t>(columns.place_step(i));
    Queued message{at, columns.index(i), columns.bytes(i)};
    if (place) message.place = place->first;
    if (place) message.index = static_cast<std::uint32_t>(i) | place->second;
    if ((columns.flags(i) & extra_flag) != 0 && extras < columns.extra_size()) {
      const pb::MessageColumns::Extra& extra = columns.extra(extras++);
      message.failed = extra.failed();
      message.acquired = extra.acquired();
    }
    const bool is_next =
        sequence <= queue.last && (queue.queued.empty() || sequence > queue.queued.rbegin()->first);
    if (!is_next) return complain(About::checkpoints, "numbers of messages are out of order");
    queue.queued.emplace(sequence, message);
  }
}

void append_history(KeyState& state, std::string_view entries, const Complain& complain) {
  google::protobuf::io::ArrayInputStream stream(entries.data(), static_cast<int>(entries.size()));
  bool is_at_end = false;
  pb::HistoryEntry entry;
  while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&entry, &stream, &is_at_end)) {
    state.history.push_back(entry);
    entry.Clear();
  }
  if (!is_at_end) complain(About::checkpoints, "the history of a key does not parse");
}

bool is_same_key(const KeyState& a, const KeyState& b) {
  return a.value == b.value &&
         std::equal(a.history.begin(), a.history.end(), b.history.begin(), b.history.end(),
                    [](const pb::HistoryEntry& x, const pb::HistoryEntry& y) {
                      return x.input() == y.input() && x.at_us() == y.at_us() &&
                             x.value() == y.value();
                    });
}

void load_keyed(Queue& queue, const pb::KeyedStates& keyed, const Complain& complain) {
  for (const pb::KeyedStates::Key& key : keyed.key()) {
    KeyState& state = queue.keys[key.key()];
    if (key.next_case() == pb::KeyedStates::Key::kValue) state.value = key.value();
    append_history(state, key.history(), complain);
  }
  for (const pb::TimerSet& timer : keyed.timer()) {
    queue.timers[{timer.key(), timer.name()}] = timer.due_us();
  }
}

// Keys whose state and history are empty exist only as long as they have a timer.
std::size_t filled_keys(const Queue& queue) {
  return static_cast<std::size_t>(std::count_if(
      queue.keys.begin(), queue.keys.end(),
      [](const auto& one) { return one.second.value || !one.second.history.empty(); }));
}

std::string difference_of_keys(const Queue& records, const Queue& checkpoint) {
  if (filled_keys(records) != filled_keys(checkpoint)) {
    return std::to_string(filled_keys(records)) + " keys with state by the records, " +
           std::to_string(filled_keys(checkpoint)) + " in the checkpoint";
  }
  for (const auto& [name, state] : records.keys) {
    const auto other = checkpoint.keys.find(name);
    if (other == checkpoint.keys.end()) {
      if (state.value || !state.history.empty()) return "key " + name + " is missing";
      continue;
    }
    if (state.value != other->second.value) return "key " + name + " has another state";
    const bool is_same = std::equal(
        state.history.begin(), state.history.end(), other->second.history.begin(),
        other->second.history.end(), [](const pb::HistoryEntry& a, const pb::HistoryEntry& b) {
          return a.input() == b.input() && a.at_us() == b.at_us() && a.value() == b.value();
        });
    if (!is_same) return "key " + name + " has another history";
  }
  return {};
}

std::string difference_of(const Queue& records, const Queue& checkpoint, bool has_keys) {
  if (records.last != checkpoint.last) {
    return "the newest message has number " + std::to_string(records.last) + " by the records, " +
           std::to_string(checkpoint.last) + " in the checkpoint";
  }
  if (!(records.counts == checkpoint.counts)) return "other counts of messages";
  const bool is_same =
      std::equal(records.queued.begin(), records.queued.end(), checkpoint.queued.begin(),
                 checkpoint.queued.end(), [](const auto& a, const auto& b) {
                   return a.first == b.first && a.second.failed == b.second.failed &&
                          a.second.place == b.second.place && a.second.index == b.second.index;
                 });
  if (!is_same) return "other queued messages";
  if (records.producers != checkpoint.producers) return "other numbers of producers";
  const bool has_same_timers = std::equal(
      records.timers.begin(), records.timers.end(), checkpoint.timers.begin(),
      checkpoint.timers.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (!has_same_timers) return "other timers";
  if (records.paused != checkpoint.paused) return "other pauses";
  if (records.breaker_open_since_us != checkpoint.breaker_open_since_us) return "another breaker";
  if (const std::string topics = difference_of_topics(records.topics, checkpoint.topics);
      !topics.empty()) {
    return topics;
  }
  return has_keys ? difference_of_keys(records, checkpoint) : std::string();
}

}  // namespace

void load_part(Queue& queue, const pb::SnapshotPart& part,
               std::optional<std::pair<std::uint64_t, std::uint32_t>> place,
               const Complain& complain) {
  switch (part.part_case()) {
    case pb::SnapshotPart::kHead:
      return load_head(queue, part.head());
    case pb::SnapshotPart::kMessages:
      return load_messages(queue, part.messages(), place, complain);
    case pb::SnapshotPart::kKeyed:
      return load_keyed(queue, part.keyed(), complain);
    case pb::SnapshotPart::kProducers:
      for (const pb::Producers::Producer& producer : part.producers().producer()) {
        queue.producers[producer.name()] = {producer.epoch(), producer.last()};
      }
      return;
    case pb::SnapshotPart::kTopic:
      return load_topic(part.topic(), queue.title(), queue.topics, complain);
    default:
      complain(About::checkpoints, "a part with nothing of a queue");
  }
}

void Model::load(std::string_view entry, const Complain& complain) {
  pb::SnapshotPart part;
  if (!part.ParseFromArray(entry.data(), static_cast<int>(entry.size()))) {
    return complain(About::checkpoints, "an entry does not parse");
  }
  if (part.part_case() == pb::SnapshotPart::kShard) {
    shards_[{part.shard().role(), part.shard().shard()}] = part.shard();
    return;
  }
  if (part.part_case() == pb::SnapshotPart::kStateCopy) {
    state_copy_ = {part.state_copy().number(), part.state_copy().id()};
    return;
  }
  if (part.part_case() == pb::SnapshotPart::kHead) {
    const std::uint32_t number = part.head().declaration().number();
    if (number == 0 || queues_.contains(number)) {
      return complain(About::checkpoints,
                      "queue number " + std::to_string(number) + " is there twice");
    }
    loading_ = &queues_[number];
    loading_->declaration = part.head().declaration();
  }
  if (loading_ == nullptr) return complain(About::checkpoints, "a part comes before its queue");
  load_part(*loading_, part, std::nullopt, complain);
}

void Model::load_value(std::uint32_t queue, const std::string& key, std::string_view value,
                       const Complain& complain) {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) {
    return complain(About::states,
                    "a key of queue " + std::to_string(queue) + ", which is not there");
  }
  found->second.keys[key].value = value;
}

void Model::load_history(std::uint32_t queue, const std::string& key, std::string_view entries,
                         const Complain& complain) {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return;  // load_value() complains, or the queue ended since
  append_history(found->second.keys[key], entries, complain);
}

std::string Model::difference_of_copy(const Model& copy, std::uint64_t number) const {
  for (const auto& [queue_number, queue] : queues_) {
    const auto other = copy.queues_.find(queue_number);
    if (other == copy.queues_.end() || queue.is_outbox()) continue;
    const auto in = [&queue = queue](const std::string& key) {
      return queue.title() + ", key " + key;
    };
    for (const auto& [key, state] : queue.keys) {
      if (state.lsn > number) continue;
      const auto found = other->second.keys.find(key);
      if (found == other->second.keys.end()) return in(key) + " is missing";
      if (!is_same_key(state, found->second)) return in(key) + " has another state or history";
    }
    for (const auto& [key, state] : other->second.keys) {
      const auto gone = queue.gone_keys.find(key);
      const bool is_later = gone != queue.gone_keys.end() && gone->second > number;
      if (!queue.keys.contains(key) && !is_later) return in(key) + " is not in the records";
    }
  }
  return {};
}

std::string difference(const Model& by_records, const Model& by_checkpoint) {
  for (const auto& [number, queue] : by_records.queues()) {
    const auto other = by_checkpoint.queues().find(number);
    if (other == by_checkpoint.queues().end()) return queue.title() + " is not in the checkpoint";
    const std::string text =
        difference_of(queue, other->second, !by_checkpoint.state_copy().has_value());
    if (!text.empty()) return queue.title() + ": " + text;
  }
  for (const auto& [number, queue] : by_checkpoint.queues()) {
    if (!by_records.queues().contains(number)) return queue.title() + " is not in the records";
  }
  return {};
}

}  // namespace millrace::audit
