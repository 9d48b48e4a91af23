#include "actors/queue/decide/apply.hpp"

#include <algorithm>

#include "actors/queue/move/become_outbox.hpp"
#include "actors/queue/move/install.hpp"
#include "actors/queue/state/frame_index.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

void append(State& state, const CommittedRecord& committed, const pb::Envelope& envelope,
            std::uint32_t position) {
  Durable& durable = state.durable;
  const Sequence sequence = ++durable.last;
  ++durable.ledger.offered;
  Entry& entry = durable.index.add(sequence);
  entry.place = committed.place;
  entry.index = position;
  durable.index.set_bytes(entry, bytes_of(envelope));
  cache_body(state, sequence, committed, envelope);
  if (state.is_outbox) {
    enqueue(state, sequence, entry, outbox_line);
    return;
  }
  entry.priority = priority_of(envelope);
  if (envelope.not_before_us() != 0 || envelope.expires_at_us() != 0) {
    entry.has_schedule = true;
    durable.schedules[sequence] = {envelope.not_before_us(), envelope.expires_at_us()};
  }
  enqueue(state, sequence, entry,
          envelope.key().empty() ? std::nullopt : std::optional(hash_key(envelope.key())));
}

// Takes `sequence` out of its key's chain, wherever it stands.
void unlink(State& state, Sequence sequence, const Entry& entry) {
  KeyChain& chain = state.keys[entry.slot];
  if (chain.head == sequence) {
    chain.head = entry.next;
    if (entry.next == 0) chain.tail = 0;
    return;
  }
  Sequence before = chain.head;
  while (state.durable.index.find(before)->next != sequence) {
    before = state.durable.index.find(before)->next;
  }
  state.durable.index.find(before)->next = entry.next;
  if (chain.tail == sequence) chain.tail = before;
}

// The message is done with; false when it was not there.
bool settle(State& state, Sequence sequence) {
  Durable& durable = state.durable;
  Entry* entry = durable.index.find(sequence);
  if (entry == nullptr) return false;
  if (entry->has_schedule) {
    const auto schedule = durable.schedules.find(sequence);
    state.live.delayed.erase({schedule->second.not_before_us, sequence});
    durable.schedules.erase(schedule);
  }
  if (entry->has_failure) durable.failures.erase(sequence);
  const KeySlot slot = entry->slot;
  if (slot == no_slot) {
    const bool was_in_line = entry->status == Status::waiting;
    durable.index.remove(sequence);
    if (was_in_line) note_stale(state);
    return true;
  }
  const bool was_delayed = entry->status == Status::delayed;
  unlink(state, sequence, *entry);
  durable.index.remove(sequence);
  KeyChain& chain = state.keys[slot];
  if (was_delayed) chain.busy = false;
  if (chain.head != 0) {
    make_eligible(state, slot);
  } else if (!chain.busy) {
    if (chain.line == no_line) {
      state.keys.release(slot);
    } else {
      note_stale(state);
    }
  }
  return true;
}

void apply_failure(State& state, const pb::Failure& failure, TimeUs at_us) {
  Durable& durable = state.durable;
  Entry* entry = durable.index.find(failure.sequence());
  if (entry == nullptr) return;
  ++durable.ledger.redelivered;
  entry->failed = static_cast<std::uint16_t>(failure.failed());
  entry->acquired = static_cast<std::uint16_t>(failure.acquired());
  entry->has_failure = entry->has_schedule = true;
  FailureNote& note = durable.failures[failure.sequence()];
  if (note.first_at_us == 0) note.first_at_us = at_us;
  note.last_at_us = at_us;
  Schedule& schedule = durable.schedules[failure.sequence()];
  state.live.delayed.erase({schedule.not_before_us, failure.sequence()});
  schedule.not_before_us = failure.not_before_us();
  if (entry->status == Status::delayed) {
    // In a replay, where nobody leased it: it stays aside until its new time.
    state.live.delayed.emplace(schedule.not_before_us, failure.sequence());
  }
}

void apply_relocation(State& state, const CommittedRecord& committed, const pb::Relocation& move,
                      std::uint32_t position) {
  Entry* entry = state.durable.index.find(move.sequence());
  if (entry == nullptr) return;
  entry->place = committed.place;
  entry->index = position | relocated_bit;
}

// A queue that is declared anew is told by the change that goes with it.
void apply_declarations(State& state, const pb::Record& record) {
  for (const pb::Declaration& declaration : record.declare()) {
    if (declaration.number() != state.number || !state.declaration) continue;
    const Result<void> declared = redeclare(state, declaration);
    MILLRACE_ASSERT(declared.has_value());
  }
}

void apply_producers(State& state, const pb::Change& change, TimeUs at_us) {
  Durable& durable = state.durable;
  for (const pb::Attach& attach : change.attach()) {
    const Producer* known = durable.dedup.find(attach.producer());
    const Producer before = known == nullptr ? Producer{.last = attach.base()} : *known;
    durable.dedup.set(attach.producer(),
                      {std::max(attach.epoch(), before.epoch), before.last, at_us});
  }
  for (const pb::Produced& produced : change.produced()) {
    const std::uint64_t last = produced.first() + produced.count() - 1;
    durable.dedup.set(produced.producer(), {produced.epoch(), last, at_us});
    durable.ledger.duplicates += static_cast<std::uint64_t>(produced.duplicate_size());
  }
}

}  // namespace

void apply(State& state, const CommittedRecord& committed, const pb::Change& change) {
  Durable& durable = state.durable;
  const TimeUs at_us = committed.record->at_us();
  durable.at_us = std::max(durable.at_us, at_us);
  state.live.now_us = std::max(state.live.now_us, at_us);
  apply_declarations(state, *committed.record);
  apply_producers(state, change, at_us);
  std::uint32_t position = 0;
  for (const pb::Envelope& envelope : change.append()) {
    append(state, committed, envelope, position++);
    if (!envelope.idempotency_key().empty() && !state.is_outbox) {
      durable.dedup.remember(hash_idempotency_key(envelope.idempotency_key()), at_us,
                             state.limits.idempotency_window_us, state.limits.idempotency_keys);
    }
  }
  for (const std::uint64_t sequence : change.ack()) {
    if (settle(state, sequence)) ++durable.ledger.acked;
  }
  for (const pb::Failure& failure : change.failure()) apply_failure(state, failure, at_us);
  for (const pb::Death& death : change.death()) {
    if (settle(state, death.sequence())) ++durable.ledger.dead;
  }
  for (const pb::StateChange& next : change.state()) durable.keyed.apply(next);
  for (const pb::TimerRef& timer : change.timer_clear()) {
    durable.keyed.clear_timer(timer.key(), timer.name());
  }
  for (const pb::TimerSet& timer : change.timer_set()) durable.keyed.set_timer(timer);
  position = 0;
  for (const pb::Relocation& move : change.relocation())
    apply_relocation(state, committed, move, position++);
  for (const std::uint64_t sequence : change.drop()) {
    if (settle(state, sequence)) ++durable.ledger.dropped;
  }
  for (const std::string& producer : change.forget_producer()) durable.dedup.forget(producer);
  if (change.has_install()) apply_install(state, committed, change.install());
  if (change.has_become_outbox()) apply_become_outbox(state, change.become_outbox());
}

}  // namespace millrace::queues
