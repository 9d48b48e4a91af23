#include "actors/queue/snapshot.hpp"

#include "actors/queue/queue_core.hpp"

namespace millrace::queues {
namespace {

using Sink = std::function<void(std::string)>;

constexpr int messages_per_part = 65'536;
constexpr std::size_t bytes_per_part = 1u << 20;
constexpr std::uint32_t priority_mask = 0xf;
constexpr std::uint32_t key_flag = 1u << 4;
constexpr std::uint32_t extra_flag = 1u << 5;

void flush(pb::SnapshotPart& part, const Sink& sink) {
  sink(part.SerializeAsString());
  part.Clear();
}

class MessageWriter {
 public:
  MessageWriter(const State& state, const Sink& sink) : state_(state), sink_(sink) {}

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
    if (entry.has_schedule || entry.failed > 0 || entry.acquired > 0) {
      flags |= extra_flag;
      add_extra(*columns.add_extra(), sequence, entry);
    }
    columns.add_flags(flags);
    sequence_ = sequence;
    place_ = place;
    if (columns.flags_size() >= messages_per_part) finish();
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
    }
    const auto failure = state_.durable.failures.find(sequence);
    if (failure != state_.durable.failures.end()) {
      extra.set_first_failed_at_us(failure->second.first_at_us);
      extra.set_last_failed_at_us(failure->second.last_at_us);
    }
  }

  const State& state_;
  const Sink& sink_;
  pb::SnapshotPart part_;
  Sequence sequence_ = 0;
  std::uint64_t place_ = 0;
};

void write_head(const State& state, const pb::Declaration& declaration, const Sink& sink) {
  pb::SnapshotPart part;
  pb::QueueHead& head = *part.mutable_head();
  *head.mutable_declaration() = declaration;
  const Ledger& ledger = state.durable.ledger;
  head.set_last(state.durable.last);
  head.set_offered(ledger.offered);
  head.set_acked(ledger.acked);
  head.set_dead(ledger.dead);
  head.set_dropped(ledger.dropped);
  head.set_duplicates(ledger.duplicates);
  head.set_redelivered(ledger.redelivered);
  head.set_at_us(state.durable.at_us);
  flush(part, sink);
}

void write_producers(const DedupTable& dedup, const Sink& sink) {
  pb::SnapshotPart part;
  for (const auto& [name, known] : dedup.producers()) {
    pb::Producers::Producer& producer = *part.mutable_producers()->add_producer();
    producer.set_name(name);
    producer.set_epoch(known.epoch);
    producer.set_last(known.last);
    producer.set_active_at_us(known.active_at_us);
    if (part.producers().producer_size() >= 10'000) flush(part, sink);
  }
  for (const DedupTable::BusinessKey& known : dedup.business_keys()) {
    pb::Producers::BusinessKey& key = *part.mutable_producers()->add_business_key();
    key.set_high(known.id.high);
    key.set_low(known.id.low);
    key.set_at_us(known.at_us);
    if (part.producers().business_key_size() >= messages_per_part) flush(part, sink);
  }
  if (part.has_producers()) flush(part, sink);
}

void write_keyed(const KeyedStore& keyed, const Sink& sink) {
  pb::SnapshotPart part;
  std::size_t bytes = 0;
  const auto grown = [&](std::size_t by) {
    bytes += by;
    if (bytes < bytes_per_part) return;
    flush(part, sink);
    bytes = 0;
  };
  for (const auto& [name, state] : keyed.keys()) {
    if (!state.value && state.history.empty()) continue;
    pb::KeyedStates::Key& key = *part.mutable_keyed()->add_key();
    key.set_key(name);
    if (state.value) key.set_value(*state.value);
    key.set_history(state.history);
    grown(name.size() + state.history.size() + key.value().size());
  }
  for (const auto& [id, timer] : keyed.timers()) {
    pb::TimerSet& set = *part.mutable_keyed()->add_timer();
    set.set_key(timer.key);
    set.set_name(timer.name);
    set.set_due_us(id.first);
    *set.mutable_envelope() = timer.envelope;
    grown(timer.key.size() + timer.envelope.payload().size());
  }
  if (part.has_keyed()) flush(part, sink);
}

void read_head(State& state, const pb::QueueHead& head) {
  state.number = head.declaration().number();
  state.name = head.declaration().name();
  state.durable.at_us = state.live.now_us = head.at_us();
  state.durable.last = head.last();
  state.durable.ledger = {.offered = head.offered(),
                          .acked = head.acked(),
                          .dead = head.dead(),
                          .dropped = head.dropped(),
                          .duplicates = head.duplicates(),
                          .redelivered = head.redelivered()};
}

void read_extra(State& state, Sequence sequence, Entry& entry,
                const pb::MessageColumns::Extra& extra) {
  entry.failed = static_cast<std::uint16_t>(extra.failed());
  entry.acquired = static_cast<std::uint16_t>(extra.acquired());
  if (extra.not_before_us() != 0 || extra.expires_at_us() != 0) {
    entry.has_schedule = true;
    state.durable.schedules[sequence] = {extra.not_before_us(), extra.expires_at_us()};
  }
  if (extra.last_failed_at_us() != 0) {
    entry.has_failure = true;
    state.durable.failures[sequence] = {extra.first_failed_at_us(), extra.last_failed_at_us()};
  }
}

Result<void> read_messages(State& state, const pb::MessageColumns& columns) {
  const int size = columns.flags_size();
  if (columns.sequence_step_size() != size || columns.place_step_size() != size ||
      columns.index_size() != size || columns.bytes_size() != size) {
    return Error{ErrorCode::corrupt,
                 "checkpoint: message columns of " + state.name + " differ in length"};
  }
  Sequence before = state.durable.index.last();
  Sequence sequence = 0;
  std::uint64_t place = 0;
  int keys = 0;
  int extras = 0;
  for (int i = 0; i < size; ++i) {
    const std::uint64_t step = columns.sequence_step(i);
    if (step > state.durable.last - sequence || sequence + step <= before) {
      return Error{ErrorCode::corrupt,
                   "checkpoint: message numbers of " + state.name + " are out of order"};
    }
    sequence = before = sequence + step;
    place += static_cast<std::uint64_t>(columns.place_step(i));
    const std::uint32_t flags = columns.flags(i);
    if ((flags & priority_mask) > priority_max) {
      return Error{ErrorCode::corrupt,
                   "checkpoint: a message of " + state.name + " has no valid priority"};
    }
    if (((flags & key_flag) != 0 && keys >= columns.key_hash_size()) ||
        ((flags & extra_flag) != 0 && extras >= columns.extra_size())) {
      return Error{ErrorCode::corrupt,
                   "checkpoint: a sparse column of " + state.name + " is too short"};
    }
    Entry& entry = state.durable.index.add(sequence);
    entry.place = journal::Place{place};
    entry.index = columns.index(i);
    entry.priority = static_cast<std::uint8_t>(flags & priority_mask);
    state.durable.index.set_bytes(entry, columns.bytes(i));
    if ((flags & extra_flag) != 0) read_extra(state, sequence, entry, columns.extra(extras++));
    enqueue(state, sequence, entry,
            (flags & key_flag) != 0 ? std::optional(columns.key_hash(keys++)) : std::nullopt);
  }
  return {};
}

void read_keyed(State& state, const pb::KeyedStates& keyed) {
  for (const pb::KeyedStates::Key& key : keyed.key()) {
    KeyState restored;
    if (key.next_case() == pb::KeyedStates::Key::kValue) {
      restored.value = std::make_shared<const std::string>(key.value());
    }
    restored.history = key.history();
    state.durable.keyed.restore(key.key(), std::move(restored));
  }
  for (const pb::TimerSet& timer : keyed.timer()) state.durable.keyed.set_timer(timer);
}

void read_producers(State& state, const pb::Producers& producers) {
  for (const pb::Producers::Producer& producer : producers.producer()) {
    state.durable.dedup.set(producer.name(),
                            {producer.epoch(), producer.last(), producer.active_at_us()});
  }
  for (const pb::Producers::BusinessKey& key : producers.business_key()) {
    state.durable.dedup.remember({key.high(), key.low()}, key.at_us(),
                                 state.limits.idempotency_window_us, state.limits.idempotency_keys);
  }
}

}  // namespace

void write_snapshot(const State& state, const pb::Declaration& declaration, const Sink& sink) {
  write_head(state, declaration, sink);
  MessageWriter messages(state, sink);
  state.durable.index.for_each(
      [&](Sequence sequence, const Entry& entry) { messages.add(sequence, entry); });
  messages.finish();
  write_keyed(state.durable.keyed, sink);
  write_producers(state.durable.dedup, sink);
}

Result<void> read_snapshot(State& state, const pb::SnapshotPart& part) {
  switch (part.part_case()) {
    case pb::SnapshotPart::kHead:
      read_head(state, part.head());
      return {};
    case pb::SnapshotPart::kMessages:
      return read_messages(state, part.messages());
    case pb::SnapshotPart::kKeyed:
      read_keyed(state, part.keyed());
      return {};
    case pb::SnapshotPart::kProducers:
      read_producers(state, part.producers());
      return {};
    case pb::SnapshotPart::PART_NOT_SET:
      break;
  }
  return Error{ErrorCode::corrupt, "checkpoint: an empty part of queue " + state.name};
}

}  // namespace millrace::queues
