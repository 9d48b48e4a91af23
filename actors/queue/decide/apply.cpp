#include "actors/queue/decide/apply.hpp"

#include <algorithm>

#include "actors/queue/decide/apply_topic.hpp"
#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/move/source.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/queue/state/body.hpp"
#include "actors/queue/state/lease_table.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

// A delay ends after its duration from the record at the latest: not_before_us may come from a clock
// that was ahead, of another node or before it was set back.
Schedule schedule_of(const pb::Envelope& envelope, TimeUs at_us) {
  Schedule schedule{envelope.not_before_us(), envelope.expires_at_us(), envelope.delay_us()};
  if (schedule.delay_us <= 0) {
    schedule.delay_us = std::max<DurationUs>(schedule.not_before_us - at_us, 0);
  } else {
    schedule.not_before_us = std::min(schedule.not_before_us, time_after(at_us, schedule.delay_us));
  }
  return schedule;
}

void append(State& state, const CommittedRecord& committed, const pb::Envelope& envelope,
            std::uint32_t position, int messages) {
  Durable& durable = state.durable;
  const Sequence sequence = ++durable.last;
  ++durable.ledger.offered;
  Entry& entry = durable.index.add(sequence);
  entry.place = committed.place;
  entry.index = position;
  durable.index.set_bytes(entry, bytes_of(envelope));
  if (state.keeps_topics()) make_room_for_body(state, bytes_of(envelope));
  cache_body(state, sequence, committed, envelope, messages);
  if (state.is_outbox) {
    enqueue(state, sequence, entry, outbox_line);
    return;
  }
  entry.priority = priority_of(envelope);
  if (state.keeps_topics()) {
    enqueue(state, sequence, entry, std::nullopt);
    return;
  }
  if (envelope.not_before_us() != 0 || envelope.expires_at_us() != 0) {
    entry.has_schedule = true;
    durable.schedules[sequence] = schedule_of(envelope, committed.record->at_us());
  }
  enqueue(state, sequence, entry,
          envelope.key().empty() ? std::nullopt : std::optional(hash_key(envelope.key())));
}

void note_failure(FailureNote& note, const pb::Failure& failure, TimeUs at_us) {
  if (note.first_at_us == 0) note.first_at_us = at_us;
  note.last_at_us = at_us;
  if (failure.overran() > 0) note.overran = failure.overran();
  note.first_at_us = std::min(note.first_at_us, at_us);
}

void apply_failure(State& state, const pb::Failure& failure, TimeUs at_us) {
  Durable& durable = state.durable;
  Entry* entry = durable.index.find(failure.sequence());
  if (entry == nullptr) return;
  ++durable.ledger.redelivered;
  entry->failed = static_cast<std::uint16_t>(failure.failed());
  entry->acquired = static_cast<std::uint16_t>(failure.acquired());
  if (!failure.postponed()) {
    entry->has_failure = true;
    note_failure(durable.failures[failure.sequence()], failure, at_us);
  }
  if (const auto note = durable.failures.find(failure.sequence()); note != durable.failures.end()) {
    note->second.deaths = note->second.own_deaths = 0;  // the process has outlived its handling
    note->second.runs_alone = false;
  }
  reschedule(state, failure.sequence(), *entry, failure.not_before_us(),
             std::max<DurationUs>(failure.not_before_us() - at_us, 0));
}

void apply_relocation(State& state, const CommittedRecord& committed, const pb::Relocation& move,
                      std::uint32_t position) {
  Entry* entry = state.durable.index.find(move.sequence());
  if (entry == nullptr) return;
  entry->place = committed.place;
  entry->index = position | relocated_bit;
}

// A later declaration of this queue is in the record of a change of this queue.
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
    const Producer* producer = durable.dedup.find(attach.producer());
    const Producer before = producer == nullptr ? Producer{.last = attach.base()} : *producer;
    durable.dedup.set(
        attach.producer(),
        {.epoch = std::max(attach.epoch(), before.epoch),
         .last = attach.rebase() ? attach.base() : before.last,
         .active_at_us = at_us,
         .generation = attach.generation() != 0 ? attach.generation() : before.generation});
  }
  for (const pb::Produced& produced : change.produced()) {
    const std::uint64_t last = produced.first() + produced.count() - 1;
    const Producer* producer = durable.dedup.find(produced.producer());
    durable.dedup.set(produced.producer(),
                      {.epoch = produced.epoch(),
                       .last = last,
                       .active_at_us = at_us,
                       .generation = producer == nullptr ? 0 : producer->generation});
    durable.ledger.duplicates += static_cast<std::uint64_t>(produced.duplicate_size());
  }
}

}  // namespace

void begin_generation(State& state, std::uint64_t generation) {
  std::vector<OutboxGeneration>& generations = state.durable.generations;
  if (generation == 0 || !state.is_outbox ||
      (!generations.empty() && generations.back().id == generation))
    return;
  generations.push_back({generation, state.durable.last});
  // The first one stays: it says where the numbers began.
  if (generations.size() > generations_max) generations.erase(generations.begin() + 1);
}

void apply(State& state, const CommittedRecord& committed, const pb::Change& change) {
  Durable& durable = state.durable;
  const TimeUs at_us = committed.record->at_us();
  if (durable.at_us != 0) {
    durable.age_us += std::max<DurationUs>(at_us - durable.at_us - change.stepped_us(), 0);
  }
  if (was_set_back(at_us, durable.at_us)) {
    clock_set_back(state, at_us);
    clock_set_back_for_pauses(state, at_us);
    durable.at_us = at_us;
  }
  durable.at_us = std::max(durable.at_us, at_us);
  state.live.now_us = at_us;
  if (change.stepped_us() > 0) durable.dedup.clock_set_forwards(change.stepped_us());
  apply_declarations(state, *committed.record);
  apply_producers(state, change, at_us);
  std::uint32_t position = 0;
  for (const pb::Envelope& envelope : change.append()) {
    append(state, committed, envelope, position++, change.append_size());
    if (!envelope.idempotency_key().empty() && !state.is_outbox) {
      durable.dedup.remember({hash_idempotency_key(envelope.idempotency_key(), envelope.key()),
                              at_us, hash_payload(envelope.payload())});
    }
  }
  if (state.keeps_topics()) apply_topics(state, change);
  if (change.has_idempotency_keys_max()) {
    durable.dedup.trim_idempotency_keys(at_us - change.idempotency_window_us(),
                                        change.idempotency_keys_max());
  }
  for (const std::uint64_t sequence : change.ack()) {
    if (remove_message(state, sequence)) ++durable.ledger.acked;
  }
  for (const pb::Failure& failure : change.failure()) apply_failure(state, failure, at_us);
  for (const pb::Death& death : change.death()) {
    if (remove_message(state, death.sequence())) ++durable.ledger.dead;
  }
  const ChangeTime time{committed.lsn, durable.age_us};
  for (const pb::StateChange& next : change.state()) durable.keyed.apply(next, time);
  for (const pb::TimerRef& timer : change.timer_clear()) {
    durable.keyed.clear_timer(timer.key(), timer.name());
  }
  for (const pb::TimerSet& timer : change.timer_set()) durable.keyed.set_timer(timer, at_us);
  position = 0;
  for (const pb::Relocation& move : change.relocation())
    apply_relocation(state, committed, move, position++);
  for (const std::uint64_t sequence : change.drop()) {
    if (remove_message(state, sequence)) ++durable.ledger.dropped;
  }
  for (const pb::KeyForgotten& key : change.forget_key()) {
    durable.keyed.forget(key.key(), key.history_only(), time);
  }
  apply_pauses(state, change);
  if (change.has_breaker()) durable.breaker_open_since_us = change.breaker().open_since_us();
  for (const std::string& producer : change.forget_producer()) durable.dedup.forget(producer);
  if (change.has_install()) apply_install(state, committed, change.install());
  if (change.has_become_outbox()) apply_become_outbox(state, change.become_outbox());
}

void propose(State& state, const Decision& decision) {
  if (!decision.record) return;
  const Pending& pending = decision.pending;
  for (const LeaseId id : pending.leases) begin_settling(state, id);
  for (const MessageId& key : pending.idempotency_keys) state.live.proposed_keys.insert(key);
  state.live.proposed_messages += pending.messages;
  state.live.proposed_bytes += pending.bytes;
  state.live.stepping_us += pending.stepped_us;
  for (const TimerId& timer : pending.timers) state.live.settling_timers.insert(timer.second);
  for (const std::string& key : pending.forgotten) state.live.forgetting.insert(key);
  if (pending.batch) propose_batch(state, *pending.batch);
  state.live.resuming = state.live.resuming || pending.resumes;
  for (const ProducerProgress& progress : pending.producers) {
    ProposedProducer& proposed = state.live.proposed[progress.name];
    proposed.epoch = progress.epoch;
    proposed.last = progress.last;
    proposed.generation = progress.generation;
    proposed.is_rebased = proposed.is_rebased || progress.is_rebased;
    ++proposed.records;
  }
}

void committed(State& state, const Pending& pending) {
  for (const LeaseId id : pending.leases) end_lease(state, id);
  for (const MessageId& key : pending.idempotency_keys) state.live.proposed_keys.erase(key);
  for (const ProducerProgress& progress : pending.producers) {
    // A producer that is forgotten and attaches again must start from 1.
    const auto proposed = state.live.proposed.find(progress.name);
    if (--proposed->second.records == 0) state.live.proposed.erase(proposed);
  }
  state.live.proposed_messages -= pending.messages;
  state.live.proposed_bytes -= pending.bytes;
  state.live.stepping_us -= pending.stepped_us;
  for (const TimerId& timer : pending.timers) state.live.settling_timers.erase(timer.second);
  for (const std::string& key : pending.forgotten) state.live.forgetting.erase(key);
  if (pending.batch) batch_committed(state, *pending.batch);
  if (pending.resumes) state.live.resuming = false;
}

}  // namespace millrace::queues
