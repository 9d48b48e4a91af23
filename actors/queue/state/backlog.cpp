#include "actors/queue/state/backlog.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"
#include "actors/queue/state/chain_writer.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

KeyChain& chain_of(State& state, KeySlot slot) {
  return ChainWriter::chain(state.keys, slot);
}

// Makes the message waiting, or delayed where it is not due. Returns whether it is delayed.
bool delay(State& state, Sequence sequence, Entry& entry) {
  ChainWriter::set_status(entry, Status::waiting);
  if (!entry.has_schedule) return false;
  const auto schedule = state.durable.schedules.find(sequence);
  if (schedule == state.durable.schedules.end() || schedule->second.due_us() <= state.live.now_us) {
    return false;
  }
  ChainWriter::set_status(entry, Status::delayed);
  state.live.delayed.emplace(schedule->second.due_us(), sequence);
  if (const Body* body = state.durable.index.body(sequence)) {
    // Copy the body: a message that waits for long must not keep its whole record in memory.
    state.durable.index.set_body(
        sequence, {std::make_shared<const pb::Envelope>(**body), body->logged_at_us()});
  }
  return true;
}

// Makes a delayed message waiting, in no line yet. A delayed key is no longer busy.
void undelay(State& state, Sequence sequence, Entry& entry) {
  const Schedule& schedule = state.durable.schedules.find(sequence)->second;
  state.live.delayed.erase({schedule.due_us(), sequence});
  ChainWriter::set_status(entry, Status::waiting);
  if (entry.slot != no_slot) chain_of(state, entry.slot).busy = false;
}

// Puts the ticket of a key that is not busy into the line of its head, or delays the head.
// `arrival`: see DispatchLines::push_key().
void line_up(State& state, KeySlot slot, Sequence arrival) {
  KeyChain& chain = chain_of(state, slot);
  if (chain.busy || chain.head == 0) return;
  Entry& entry = *state.durable.index.find(chain.head);
  if (chain.line == entry.priority) return;
  chain.line = no_line;  // the ticket in the line of another priority becomes stale
  if (delay(state, chain.head, entry)) {
    chain.busy = true;
    return;
  }
  chain.line = entry.priority;
  state.live.lines.push_key(entry.priority, slot, arrival);
}

// Puts a message without key that was in a line before back to its place there, or delays it.
void return_message(State& state, Sequence sequence, Entry& entry) {
  if (!delay(state, sequence, entry)) state.live.lines.return_message(entry.priority, sequence);
}

// Counts a ticket that became stale without being taken, and drops stale tickets when they are the
// majority.
void note_stale(State& state) {
  if (!state.live.lines.count_stale()) return;
  state.live.lines.drop_stale([&state](Ticket ticket, std::uint8_t priority) {
    if (!ticket.is_key()) {
      const Entry* entry = state.durable.index.find(ticket.sequence());
      return entry == nullptr || entry->status() != Status::waiting;
    }
    KeyChain& chain = chain_of(state, ticket.slot());
    if (chain.line != priority) return true;
    if (chain.head != 0) return false;
    chain.line = no_line;
    ChainWriter::release(state.keys, ticket.slot());
    return true;
  });
}

// The message before `sequence`, which is not the head, in the chain of `slot`. Searches along the
// chain from its head and through the index back from `sequence` at once: with many messages of one
// key the second is short, with few the first.
Sequence before_in_chain(MessageIndex& index, Sequence head, Sequence sequence, KeySlot slot) {
  Sequence from_head = head;
  for (Sequence back = sequence - 1;; --back) {
    const Sequence next = index.find(from_head)->next();
    if (next == sequence) return from_head;
    from_head = next;
    const Entry* entry = index.find(back);
    if (entry != nullptr && entry->slot == slot) return back;
  }
}

// Takes a message out of its key's chain, at any position.
void unlink(State& state, Sequence sequence, const Entry& entry) {
  KeyChain& chain = chain_of(state, entry.slot);
  if (chain.head == sequence) {
    chain.head = entry.next();
    if (entry.next() == 0) chain.tail = 0;
    return;
  }
  const Sequence before = before_in_chain(state.durable.index, chain.head, sequence, entry.slot);
  ChainWriter::set_next(*state.durable.index.find(before), entry.next());
  if (chain.tail == sequence) chain.tail = before;
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
  const bool is_renamed = !declaration.was().empty() && declaration.was() == next.name();
  if ((next.name() != declaration.name() && !is_renamed) || next.shard() != declaration.shard() ||
      (declaration.staged() && !next.staged())) {
    return Error{ErrorCode::corrupt, "queue number " + std::to_string(state.number) + " is " +
                                         next.ShortDebugString() + ", and declared as " +
                                         declaration.ShortDebugString()};
  }
  next.set_dead_letters(declaration.dead_letters());
  next.set_name(declaration.name());
  if (!declaration.state_type().empty()) next.set_state_type(declaration.state_type());
  if (declaration.has_schema()) *next.mutable_schema() = declaration.schema();
  if (declaration.has_state_schema()) *next.mutable_state_schema() = declaration.state_schema();
  next.set_staged(declaration.staged());
  if (declaration.began_anew()) next.set_began_anew(true);
  next.set_topics(declaration.topics());
  if (declaration.has_definition()) {
    *next.mutable_definition() = declaration.definition();
  } else {
    next.clear_definition();
  }
  if (!next.topics()) state.durable.topics.clear();
  declare(state, next);
  return {};
}

void cache_body(State& state, Sequence sequence, const CommittedRecord& committed,
                const pb::Envelope& envelope, int messages) {
  MessageIndex& index = state.durable.index;
  if (index.cached_bytes() + bytes_of(envelope) > state.limits.body_cache_bytes) return;
  index.set_body(sequence, body_in(committed.record, committed.bytes, envelope,
                                   static_cast<std::size_t>(messages)));
}

void enqueue(State& state, Sequence sequence, Entry& entry, std::optional<std::uint64_t> key_hash) {
  if (!key_hash) {
    if (!delay(state, sequence, entry)) state.live.lines.push_message(entry.priority, sequence);
    return;
  }
  entry.slot = ChainWriter::find_or_add(state.keys, *key_hash);
  KeyChain& chain = chain_of(state, entry.slot);
  if (chain.head == 0) {
    chain.head = chain.tail = sequence;
    line_up(state, entry.slot, sequence);
  } else {
    ChainWriter::set_next(*state.durable.index.find(chain.tail), sequence);
    chain.tail = sequence;
  }
}

bool remove_message(State& state, Sequence sequence) {
  Durable& durable = state.durable;
  Entry* entry = durable.index.find(sequence);
  if (entry == nullptr) return false;
  if (entry->has_schedule) {
    const auto schedule = durable.schedules.find(sequence);
    state.live.delayed.erase({schedule->second.due_us(), sequence});
    durable.schedules.erase(schedule);
  }
  if (entry->has_failure) durable.failures.erase(sequence);
  const KeySlot slot = entry->slot;
  if (slot == no_slot) {
    const bool was_in_line = entry->status() == Status::waiting;
    durable.index.remove(sequence);
    if (was_in_line) note_stale(state);
    return true;
  }
  const bool was_delayed = entry->status() == Status::delayed;
  unlink(state, sequence, *entry);
  durable.index.remove(sequence);
  KeyChain& chain = chain_of(state, slot);
  if (was_delayed || (!state.live.held.empty() && state.live.held.erase(slot) > 0)) {
    chain.busy = false;
  }
  if (chain.head != 0) {
    line_up(state, slot, durable.last);
  } else if (!chain.busy) {
    if (chain.line == no_line) {
      ChainWriter::release(state.keys, slot);
    } else {
      note_stale(state);
    }
  }
  return true;
}

void reschedule(State& state, Sequence sequence, Entry& entry, TimeUs not_before_us,
                DurationUs delay_us) {
  Schedule& schedule = state.durable.schedules[sequence];
  entry.has_schedule = true;
  state.live.delayed.erase({schedule.due_us(), sequence});
  schedule.not_before_us = not_before_us;
  schedule.delay_us = delay_us;
  if (entry.status() == Status::delayed) state.live.delayed.emplace(schedule.due_us(), sequence);
}

void clock_set_back(State& state, TimeUs at_us) {
  for (auto& [sequence, schedule] : state.durable.schedules) {
    const TimeUs latest_us = time_after(at_us, schedule.delay_us);
    if (schedule.not_before_us <= latest_us) continue;
    reschedule(state, sequence, *state.durable.index.find(sequence), latest_us, schedule.delay_us);
  }
  state.durable.keyed.clock_set_back(at_us);
  state.durable.dedup.clock_set_back(at_us);
}

void clear_backlog(State& state) {
  MILLRACE_ASSERT(state.live.leases.empty());
  state.durable.index = MessageIndex();
  state.durable.schedules.clear();
  state.durable.failures.clear();
  ChainWriter::clear(state.keys);
  state.live.lines = DispatchLines();
  state.live.delayed.clear();
  state.live.held.clear();
}

Candidate front_of(const State& state, std::uint8_t priority) {
  const Ticket ticket = state.live.lines.front(priority);
  if (ticket.is_key()) {
    const KeyChain& chain = state.keys[ticket.slot()];
    return {ticket.slot(), chain.line == priority ? chain.head : 0};
  }
  const Entry* entry = state.durable.index.find(ticket.sequence());
  const bool is_stale = entry == nullptr || entry->status() != Status::waiting;
  return {no_slot, is_stale ? 0 : ticket.sequence()};
}

void take_front(State& state, std::uint8_t priority, const Candidate& candidate) {
  state.live.lines.pop(priority);
  if (candidate.slot == no_slot) return;
  KeyChain& chain = chain_of(state, candidate.slot);
  if (chain.line != priority) return;
  chain.line = no_line;
  if (chain.head == 0) ChainWriter::release(state.keys, candidate.slot);
}

void put_back(State& state, const Candidate& candidate) {
  if (candidate.slot == no_slot) {
    return_message(state, candidate.sequence, *state.durable.index.find(candidate.sequence));
  } else {
    line_up(state, candidate.slot, state.durable.last);
  }
}

void hold_key(State& state, const Candidate& candidate, TimeUs look_us) {
  chain_of(state, candidate.slot).busy = true;
  state.live.held.emplace(candidate.slot, look_us);
}

void release_held(State& state, std::optional<TimeUs> up_to_us) {
  auto& held = state.live.held;
  for (auto it = held.begin(); it != held.end();) {
    if (up_to_us && (it->second == 0 || it->second > *up_to_us)) {
      ++it;
      continue;
    }
    const KeySlot slot = it->first;
    it = held.erase(it);
    chain_of(state, slot).busy = false;
    line_up(state, slot, state.durable.last);
  }
}

bool withdraw_message(State& state, Sequence sequence, Entry& entry) {
  switch (entry.status()) {
    case Status::waiting:
      // The key no longer waits, so its ticket can be dropped.
      ChainWriter::set_status(entry, Status::leased);
      note_stale(state);
      return true;
    case Status::delayed:
      undelay(state, sequence, entry);
      return true;
    default:
      return false;
  }
}

bool withdraw_key(State& state, KeySlot slot) {
  KeyChain& chain = chain_of(state, slot);
  if (state.live.held.erase(slot) > 0) {
    chain.busy = false;
  } else if (chain.busy) {
    Entry& head = *state.durable.index.find(chain.head);
    if (head.status() != Status::delayed) return false;
    undelay(state, chain.head, head);
  }
  if (chain.line != no_line) {
    chain.line = no_line;
    note_stale(state);
  }
  return true;
}

void mark_leased(State& state, KeySlot slot, std::span<const Sequence> run) {
  for (const Sequence sequence : run) {
    ChainWriter::set_status(*state.durable.index.find(sequence), Status::leased);
  }
  if (slot != no_slot) chain_of(state, slot).busy = true;
}

void mark_settling(State& state, std::span<const Sequence> run) {
  for (const Sequence sequence : run) {
    Entry* entry = state.durable.index.find(sequence);
    if (entry != nullptr) ChainWriter::set_status(*entry, Status::settling);
  }
}

void give_back(State& state, KeySlot slot, std::span<const Sequence> run) {
  for (const Sequence sequence : run) {
    Entry* entry = state.durable.index.find(sequence);
    if (entry == nullptr) continue;
    ChainWriter::set_status(*entry, Status::waiting);
    if (slot == no_slot) return_message(state, sequence, *entry);
  }
  if (slot == no_slot) return;
  KeyChain& chain = chain_of(state, slot);
  chain.busy = false;
  if (chain.head == 0) {
    ChainWriter::release(state.keys, slot);
  } else {
    line_up(state, slot, state.durable.last);
  }
}

void wake_delayed(State& state, TimeUs now_us) {
  state.live.now_us = now_us;
  auto& delayed = state.live.delayed;
  while (!delayed.empty() && delayed.begin()->first <= state.live.now_us) {
    const Sequence sequence = delayed.begin()->second;
    Entry& entry = *state.durable.index.find(sequence);
    undelay(state, sequence, entry);
    put_back(state, {entry.slot, sequence});
  }
}

bool is_above(const State& state, std::uint32_t percent) {
  const MessageIndex& index = state.durable.index;
  return index.size() * 100 >= state.limits.backlog_messages * percent ||
         index.bytes() * 100 >= state.limits.backlog_bytes * percent;
}

}  // namespace millrace::queues
