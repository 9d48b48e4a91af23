#include "actors/queue/snapshot/snapshot.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "actors/base/assert.hpp"
#include "actors/queue/snapshot/snapshot_columns.hpp"
#include "actors/queue/snapshot/topic_snapshot.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/pause_table.hpp"

namespace millrace::queues {
namespace {

using Sink = SnapshotSink;

constexpr int producers_per_part_max = 10'000;  // their names may be long

void flush(pb::SnapshotPart& part, const Sink& sink) {
  sink(part.SerializeAsString());
  part.Clear();
}

class MessageWriter {
 public:
  MessageWriter(const State& state, int part_max, const Sink& sink)
      : state_(state), part_max_(part_max), sink_(sink) {}

  void add(Sequence sequence, const Entry& entry) {
    pb::MessageColumns& columns = *part_.mutable_messages();
    const auto place = static_cast<std::uint64_t>(entry.place);
    columns.add_sequence_step(sequence - sequence_);
    columns.add_place_step(static_cast<std::int64_t>(place - place_));
    columns.add_index(entry.index);
    columns.add_bytes(entry.bytes);
    std::uint32_t flags = entry.priority;
    if (entry.slot != no_slot) {
      flags |= key_flag;
      columns.add_key_hash(state_.keys[entry.slot].hash);
    }
    if (entry.has_schedule || entry.has_failure || entry.failed > 0 || entry.acquired > 0) {
      flags |= extra_flag;
      add_extra(*columns.add_extra(), sequence, entry);
    }
    columns.add_flags(flags);
    sequence_ = sequence;
    place_ = place;
    if (columns.flags_size() >= part_max_) finish();
  }

  void finish() {
    if (!part_.has_messages()) return;
    flush(part_, sink_);
    sequence_ = place_ = 0;
  }

 private:
  void add_extra(pb::MessageColumns::Extra& extra, Sequence sequence, const Entry& entry) const {
    extra.set_failed(entry.failed);
    extra.set_acquired(entry.acquired);
    const auto schedule = state_.durable.schedules.find(sequence);
    if (schedule != state_.durable.schedules.end()) {
      extra.set_not_before_us(schedule->second.not_before_us);
      extra.set_expires_at_us(schedule->second.expires_at_us);
      extra.set_delay_us(schedule->second.delay_us);
    }
    const auto failure = state_.durable.failures.find(sequence);
    if (failure != state_.durable.failures.end()) {
      extra.set_first_failed_at_us(failure->second.first_at_us);
      extra.set_last_failed_at_us(failure->second.last_at_us);
      extra.set_overran(failure->second.overran);
      extra.set_deaths(failure->second.deaths);
      extra.set_own_deaths(failure->second.own_deaths);
      extra.set_runs_alone(failure->second.runs_alone);
    }
  }

  const State& state_;
  const int part_max_;
  const Sink& sink_;
  pb::SnapshotPart part_;
  Sequence sequence_ = 0;
  std::uint64_t place_ = 0;
};

void write_head(const State& state, const Sink& sink) {
  MILLRACE_ASSERT(state.declaration != nullptr);
  pb::SnapshotPart part;
  pb::QueueHead& head = *part.mutable_head();
  *head.mutable_declaration() = *state.declaration;
  const Ledger& ledger = state.durable.ledger;
  head.set_last(state.durable.last);
  head.set_offered(ledger.offered);
  head.set_acked(ledger.acked);
  head.set_dead(ledger.dead);
  head.set_dropped(ledger.dropped);
  head.set_duplicates(ledger.duplicates);
  head.set_redelivered(ledger.redelivered);
  head.set_at_us(state.durable.at_us);
  head.set_age_us(state.durable.age_us);
  head.set_stored(state.durable.keyed.has_stored());
  for (const OutboxGeneration& generation : state.durable.generations) {
    pb::OutboxGeneration& written = *head.add_generation();
    written.set_id(generation.id);
    written.set_after(generation.after);
  }
  if (state.durable.pauses) {
    state.durable.pauses->for_each([&head](const std::string& key, const Pause& pause) {
      write_pause(*head.add_pause(), key, pause);
    });
  }
  if (state.durable.breaker_open_since_us != 0) {
    head.mutable_breaker()->set_open_since_us(state.durable.breaker_open_since_us);
  }
  flush(part, sink);
}

enum class Order : std::uint8_t { any, sorted };

template <class Map, class Act>
void for_each(const Map& map, Order order, Act act) {
  if (order == Order::any) {
    for (const auto& one : map) act(one);
    return;
  }
  std::vector<const typename Map::value_type*> all;
  all.reserve(map.size());
  for (const auto& one : map) all.push_back(&one);
  std::sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->first < b->first; });
  for (const auto* one : all) act(*one);
}

void write_producers(const DedupTable& dedup, int part_max, Order order, const Sink& sink) {
  const int producers_max = std::min(part_max, producers_per_part_max);
  pb::SnapshotPart part;
  for_each(dedup.producers(), order, [&](const auto& one) {
    pb::Producers::Producer& producer = *part.mutable_producers()->add_producer();
    producer.set_name(one.first);
    producer.set_epoch(one.second.epoch);
    producer.set_last(one.second.last);
    producer.set_active_at_us(one.second.active_at_us);
    producer.set_generation(one.second.generation);
    if (part.producers().producer_size() >= producers_max) flush(part, sink);
  });
  for (const DedupTable::IdempotencyKey& known : dedup.idempotency_keys()) {
    pb::Producers::IdempotencyKey& key = *part.mutable_producers()->add_idempotency_key();
    key.set_high(known.id.high);
    key.set_low(known.id.low);
    key.set_at_us(known.at_us);
    key.set_payload(known.payload);
    if (part.producers().idempotency_key_size() >= part_max) flush(part, sink);
  }
  if (part.has_producers()) flush(part, sink);
}

void write_keyed(const KeyedStore& keyed, std::size_t bytes_max, Order order, const Sink& sink) {
  KeyWriter writer(bytes_max, sink);
  for_each(keyed.keys(), order, [&](const auto& one) {
    const auto& [name, state] = one;
    if (state.residence || (!state.value && state.history.empty())) return;
    writer.add(name, state.value.get(), state.history);
  });
  for (const auto& [id, timer] : keyed.timers()) writer.add(id, timer);
  writer.finish();
}

}  // namespace

void KeyWriter::grow(std::size_t by) {
  bytes_ += by;
  if (bytes_ >= bytes_max_) finish();
}

void KeyWriter::finish() {
  if (part_.has_keyed()) flush(part_, sink_);
  bytes_ = 0;
}

void KeyWriter::add(const std::string& key, const std::string* value, std::string_view history,
                    TimeUs age_us, bool continues) {
  const auto slices = KeyedStore::slices(history, bytes_max_);
  for (std::size_t i = 0; i == 0 || i < slices.size(); ++i) {
    pb::KeyedStates::Key& written = *part_.mutable_keyed()->add_key();
    written.set_key(key);
    written.set_age_us(age_us);
    written.set_continues(continues || i > 0);
    if (i == 0 && value != nullptr) written.set_value(*value);
    if (i < slices.size()) written.set_history(std::string(slices[i]));
    grow(key.size() + written.history().size() + written.value().size());
  }
}

void KeyWriter::add(const TimerId& id, const Timer& timer) {
  pb::TimerSet& set = *part_.mutable_keyed()->add_timer();
  set.set_key(timer.key);
  set.set_name(timer.name);
  set.set_due_us(id.first);
  set.set_after_us(timer.after_us);
  *set.mutable_envelope() = timer.envelope;
  grow(timer.key.size() + timer.envelope.payload().size());
}

void write_snapshot(const State& state, const Sink& sink) {
  const PartSize size;
  write_head(state, sink);
  MessageWriter messages(state, size.entries, sink);
  state.durable.index.for_each(
      [&](Sequence sequence, const Entry& entry) { messages.add(sequence, entry); });
  messages.finish();
  write_keyed(state.durable.keyed, size.bytes, Order::any, sink);
  write_producers(state.durable.dedup, size.entries, Order::any, sink);
  write_topics(state.durable.topics, size, sink);
}

void write_snapshot_frame(const State& state, PartSize size, const Sink& sink) {
  write_head(state, sink);
  write_keyed(state.durable.keyed, size.bytes, Order::sorted, sink);
  write_producers(state.durable.dedup, size.entries, Order::sorted, sink);
  write_topics(state.durable.topics, size, sink);
}

std::string snapshot_of_messages(const State& state, Sequence first, Sequence last) {
  std::string out;
  const Sink sink = [&out](std::string part) {
    out = std::move(part);
  };
  MessageWriter messages(state, std::numeric_limits<int>::max(), sink);
  state.durable.index.visit_from(first, [&](Sequence sequence, const Entry& entry) {
    if (sequence > last) return false;
    messages.add(sequence, entry);
    return true;
  });
  messages.finish();
  return out;
}

namespace {

void read_head(State& state, const pb::QueueHead& head) {
  state.durable.at_us = std::max(state.durable.at_us, head.at_us());
  state.durable.age_us = head.age_us();
  state.live.now_us = head.at_us();
  state.durable.last = head.last();
  state.durable.ledger = {.offered = head.offered(),
                          .acked = head.acked(),
                          .dead = head.dead(),
                          .dropped = head.dropped(),
                          .duplicates = head.duplicates(),
                          .redelivered = head.redelivered()};
  for (const pb::OutboxGeneration& generation : head.generation())
    state.durable.generations.push_back({generation.id(), generation.after()});
  auto pauses = std::make_shared<PauseTable>();
  for (const pb::PauseChange& one : head.pause()) pauses->set(one.key(), read_pause(one.pause()));
  if (!pauses->empty()) state.durable.pauses = std::move(pauses);
  state.durable.breaker_open_since_us = head.breaker().open_since_us();
}

void read_extra(State& state, Sequence sequence, Entry& entry,
                const pb::MessageColumns::Extra& extra) {
  entry.failed = static_cast<std::uint16_t>(extra.failed());
  entry.acquired = static_cast<std::uint16_t>(extra.acquired());
  if (extra.not_before_us() != 0 || extra.expires_at_us() != 0) {
    entry.has_schedule = true;
    const DurationUs delay_us =
        extra.delay_us() > 0 ? extra.delay_us()
                             : std::max<DurationUs>(extra.not_before_us() - state.durable.at_us, 0);
    state.durable.schedules[sequence] = {extra.not_before_us(), extra.expires_at_us(), delay_us};
  }
  if (extra.last_failed_at_us() != 0 || extra.deaths() != 0) {
    entry.has_failure = true;
    state.durable.failures[sequence] = {
        extra.first_failed_at_us(), extra.last_failed_at_us(), extra.overran(), extra.deaths(),
        extra.own_deaths(),         extra.runs_alone()};
  }
}

Result<void> read_messages(State& state, const pb::MessageColumns& columns) {
  return for_each_message(state, columns, [&](int, const ColumnMessage& message) -> Result<void> {
    Entry& entry = add_message(state, message);
    entry.place = logs::Place{message.place};
    entry.index = message.index;
    enqueue(state, message.sequence, entry, message.key_hash);
    return {};
  });
}

void read_keyed(State& state, const pb::KeyedStates& keyed, logs::Lsn lsn) {
  for (const pb::KeyedStates::Key& key : keyed.key()) {
    KeyState restored;
    if (key.next_case() == pb::KeyedStates::Key::kValue) {
      restored.value = std::make_shared<const std::string>(key.value());
    }
    restored.history = key.history();
    const TimeUs age_us = key.age_us() != 0 ? key.age_us() : state.durable.age_us;
    state.durable.keyed.restore(key.key(), std::move(restored), {lsn, age_us}, key.continues());
  }
  for (const pb::TimerSet& timer : keyed.timer())
    state.durable.keyed.set_timer(timer, state.durable.at_us);
}

void read_producers(State& state, const pb::Producers& producers) {
  for (const pb::Producers::Producer& producer : producers.producer()) {
    state.durable.dedup.set(producer.name(), {.epoch = producer.epoch(),
                                              .last = producer.last(),
                                              .active_at_us = producer.active_at_us(),
                                              .generation = producer.generation()});
  }
  for (const pb::Producers::IdempotencyKey& key : producers.idempotency_key()) {
    state.durable.dedup.remember({{key.high(), key.low()}, key.at_us(), key.payload()});
  }
}

}  // namespace

Entry& add_message(State& state, const ColumnMessage& message) {
  Entry& entry = state.durable.index.add(message.sequence);
  entry.priority = message.priority;
  state.durable.index.set_bytes(entry, message.bytes);
  if (message.extra != nullptr) read_extra(state, message.sequence, entry, *message.extra);
  return entry;
}

Result<void> read_snapshot(State& state, const pb::SnapshotPart& part, logs::Lsn lsn) {
  switch (part.part_case()) {
    case pb::SnapshotPart::kHead:
      read_head(state, part.head());
      return {};
    case pb::SnapshotPart::kMessages:
      return read_messages(state, part.messages());
    case pb::SnapshotPart::kKeyed:
      read_keyed(state, part.keyed(), lsn);
      return {};
    case pb::SnapshotPart::kProducers:
      read_producers(state, part.producers());
      return {};
    case pb::SnapshotPart::kTopic:
      return read_topic(state, part.topic());
    case pb::SnapshotPart::kShard:
    case pb::SnapshotPart::kStateCopy:
    case pb::SnapshotPart::PART_NOT_SET:
      break;
  }
  return Error{ErrorCode::corrupt, "snapshot: a part with nothing of queue " + state.name};
}

}  // namespace millrace::queues
