#include "actors/queue/state/backlog.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

// Sets a message aside when it is not due yet.
bool delay(State& state, Sequence sequence, Entry& entry) {
  entry.status = Status::waiting;
  if (!entry.has_schedule) return false;
  const auto schedule = state.durable.schedules.find(sequence);
  if (schedule == state.durable.schedules.end() ||
      schedule->second.not_before_us <= state.live.now_us) {
    return false;
  }
  entry.status = Status::delayed;
  state.live.delayed.emplace(schedule->second.not_before_us, sequence);
  if (const Body* body = state.durable.index.body(sequence)) {
    // A copy of its own: what waits for long must not keep the whole record in memory.
    state.durable.index.set_body(
        sequence, {std::make_shared<const pb::Envelope>(**body), body->logged_at_us()});
  }
  return true;
}

void line_up(State& state, KeySlot slot, Sequence arrival) {
  KeyChain& chain = state.keys[slot];
  if (chain.busy || chain.head == 0) return;
  Entry& entry = *state.durable.index.find(chain.head);
  if (chain.line == entry.priority) return;
  chain.line = no_line;  // the ticket in another line is stale now
  if (delay(state, chain.head, entry)) {
    chain.busy = true;
    return;
  }
  chain.line = entry.priority;
  state.live.lines.push_key(entry.priority, slot, arrival);
}

}  // namespace

void declare(State& state, const pb::Declaration& declaration) {
  state.declaration = std::make_shared<const pb::Declaration>(declaration);
  state.number = declaration.number();
  state.name = declaration.name();
  state.is_outbox = declaration.has_outbox();
}

Result<void> redeclare(State& state, const pb::Declaration& declaration) {
  pb::Declaration next = *state.declaration;
  if (next.name() != declaration.name() || next.shard() != declaration.shard() ||
      (declaration.staged() && !next.staged())) {
    return Error{ErrorCode::corrupt, "queue number " + std::to_string(state.number) + " is " +
                                         next.ShortDebugString() + ", and declared as " +
                                         declaration.ShortDebugString()};
  }
  next.set_dead_letters(declaration.dead_letters());
  next.set_staged(declaration.staged());
  declare(state, next);
  return {};
}

void cache_body(State& state, Sequence sequence, const CommittedRecord& committed,
                const pb::Envelope& envelope) {
  MessageIndex& index = state.durable.index;
  if (index.cached_bytes() + bytes_of(envelope) > state.limits.body_cache_bytes) return;
  index.set_body(sequence, {{committed.record, &envelope}, committed.record->at_us()});
}

void enqueue(State& state, Sequence sequence, Entry& entry, std::optional<std::uint64_t> key_hash) {
  if (!key_hash) {
    if (!delay(state, sequence, entry)) state.live.lines.push_message(entry.priority, sequence);
    return;
  }
  entry.slot = state.keys.find_or_add(*key_hash);
  KeyChain& chain = state.keys[entry.slot];
  if (chain.head == 0) {
    chain.head = chain.tail = sequence;
    line_up(state, entry.slot, sequence);
  } else {
    state.durable.index.find(chain.tail)->next = sequence;
    chain.tail = sequence;
  }
}

void note_stale(State& state) {
  if (!state.live.lines.count_stale()) return;
  state.live.lines.drop_stale([&state](Ticket ticket, std::uint8_t priority) {
    if (!ticket.is_key()) {
      const Entry* entry = state.durable.index.find(ticket.sequence());
      return entry == nullptr || entry->status != Status::waiting;
    }
    KeyChain& chain = state.keys[ticket.slot()];
    if (chain.line != priority) return true;
    if (chain.head != 0) return false;
    chain.line = no_line;
    state.keys.release(ticket.slot());
    return true;
  });
}

void make_eligible(State& state, KeySlot slot) {
  line_up(state, slot, state.durable.last);
}

void return_message(State& state, Sequence sequence, Entry& entry) {
  if (!delay(state, sequence, entry)) state.live.lines.return_message(entry.priority, sequence);
}

bool is_above(const State& state, std::uint32_t percent) {
  const MessageIndex& index = state.durable.index;
  return index.size() * 100 >= state.limits.backlog_messages * percent ||
         index.bytes() * 100 >= state.limits.backlog_bytes * percent;
}

void wake_delayed(State& state, TimeUs now_us) {
  state.live.now_us = std::max(state.live.now_us, now_us);
  auto& delayed = state.live.delayed;
  while (!delayed.empty() && delayed.begin()->first <= state.live.now_us) {
    const Sequence sequence = delayed.begin()->second;
    delayed.erase(delayed.begin());
    Entry& entry = *state.durable.index.find(sequence);
    if (entry.slot == no_slot) {
      return_message(state, sequence, entry);
    } else {
      entry.status = Status::waiting;
      state.keys[entry.slot].busy = false;
      make_eligible(state, entry.slot);
    }
  }
}

}  // namespace millrace::queues
