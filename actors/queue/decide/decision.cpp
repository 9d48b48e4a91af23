#include "actors/queue/decide/decision.hpp"

#include <algorithm>

#include "messages/error_code.hpp"

namespace millrace::queues {

std::unique_ptr<pb::Record> new_record(const State& state, TimeUs now_us) {
  auto record = std::make_unique<pb::Record>();
  record->set_at_us(now_us);
  record->add_change()->set_queue(state.number);
  return record;
}

// Of a dead letter, beside its payload and key; with a queue name of the largest size.
constexpr std::size_t dead_letter_bytes = 512;

std::size_t fitting(const State& state, std::span<const LeaseId> leases) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < leases.size(); ++i) {
    for (const Sequence sequence : state.live.leases.find(leases[i])->second.run) {
      if (const Entry* entry = state.durable.index.find(sequence)) {
        bytes += entry->bytes + dead_letter_bytes;
      }
    }
    if (i > 0 && bytes > record_bytes) return i;
  }
  return leases.size();
}

pb::Change& change_of(pb::Record& record, QueueNumber number) {
  for (pb::Change& change : *record.mutable_change()) {
    if (change.queue() == number) return change;
  }
  pb::Change* change = record.add_change();
  change->set_queue(number);
  return *change;
}

void add_death(const State& state, pb::Record& record, Sequence sequence, std::uint32_t failed,
               ErrorCode code, std::string reason) {
  const Entry& entry = *state.durable.index.find(sequence);
  pb::Death* death = record.mutable_change(0)->add_death();
  death->set_sequence(sequence);
  death->set_code(static_cast<std::uint32_t>(code));

  const Body* body = state.durable.index.body(sequence);
  MILLRACE_ASSERT(body != nullptr && state.dead_letters != 0);
  pb::Envelope* dead_letter = change_of(record, state.dead_letters).add_append();
  *dead_letter = **body;
  // A dead letter is neither delayed nor expires, and is no duplicate.
  dead_letter->clear_not_before_us();
  dead_letter->clear_delay_us();
  dead_letter->clear_expires_at_us();
  dead_letter->clear_idempotency_key();
  pb::DeadLetter& note = *dead_letter->mutable_dead_letter();
  note.set_origin_queue(state.name);
  note.set_origin_sequence(sequence);
  note.set_code(static_cast<std::uint32_t>(code));
  note.set_reason(std::move(reason));
  note.set_failed(failed);
  note.set_acquired(entry.acquired);
  const auto failure = state.durable.failures.find(sequence);
  const bool has_failed_before =
      failure != state.durable.failures.end() && failure->second.last_at_us != 0;
  const bool failed_now = failed > entry.failed;
  if (has_failed_before || failed_now) {
    note.set_first_failed_at_us(has_failed_before ? failure->second.first_at_us : record.at_us());
    note.set_last_failed_at_us(failed_now ? record.at_us() : failure->second.last_at_us);
  }
}

}  // namespace millrace::queues
