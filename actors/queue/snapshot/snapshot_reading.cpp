#include <algorithm>
#include <utility>

#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/queue/snapshot/snapshot_columns.hpp"
#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

void read_head(State& state, const pb::QueueHead& head) {
  state.durable.at_us = std::max(state.durable.at_us, head.at_us());
  state.live.now_us = std::max(state.live.now_us, head.at_us());
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
  return for_each_message(state, columns, [&](int, const ColumnMessage& message) -> Result<void> {
    Entry& entry = add_message(state, message);
    entry.place = journal::Place{message.place};
    entry.index = message.index;
    enqueue(state, message.sequence, entry, message.key_hash);
    return {};
  });
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
  for (const pb::Producers::IdempotencyKey& key : producers.idempotency_key()) {
    state.durable.dedup.remember({key.high(), key.low()}, key.at_us(),
                                 state.limits.idempotency_window_us, state.limits.idempotency_keys);
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
    case pb::SnapshotPart::kShard:
    case pb::SnapshotPart::PART_NOT_SET:
      break;
  }
  return Error{ErrorCode::corrupt, "snapshot: a part with nothing of queue " + state.name};
}

}  // namespace millrace::queues
