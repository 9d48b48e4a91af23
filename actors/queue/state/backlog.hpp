// The backlog: every change to the key chains, to the status of messages, and to the lines and the
// delay table that follow from them. No other file writes these: see chain_writer.hpp.
//
//               enqueue
//                  │           take_front
//                  │          or withdraw,
//                  ▼          mark_leased          mark_settling          remove_message
//              waiting ───────────────────▶ leased ─────────────▶ settling ────────────▶ gone
//               │   ▲                          │                      │
//      not due  │   │ wake_delayed             │      give_back       │ give_back
//               ▼   │                          ▼                      ▼
//              delayed                       waiting, or delayed where the message is not due
//
// Each function leaves the invariants of State intact, unless its comment names the next call.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "actors/log/frame.hpp"
#include "actors/queue/state/queue_state.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace::queues {

/// A record that the log made durable, and its frame.
struct CommittedRecord {
  std::shared_ptr<const pb::Record> record;
  logs::Place place{};
  std::size_t bytes = 0;  ///< serialized size of the record
  logs::Lsn lsn = 0;      ///< of the record
};

/// Sets number, name and kind of the queue, whether it was declared before or not.
void declare(State& state, const pb::Declaration& declaration);

/// Applies a later declaration of the same number: it may change whether the queue takes dead
/// letters, name the type of its keyed state, and end that the queue is staged. Fails with `corrupt`
/// where name or shard differ, or the queue would become staged.
[[nodiscard]] Result<void> redeclare(State& state, const pb::Declaration& declaration);

/// Keeps the body of a live message in memory, unless that would exceed Limits::body_cache_bytes.
/// `envelope` is one of `messages` messages of this queue in `committed.record`. See body_in() for what
/// it keeps in memory.
void cache_body(State& state, Sequence sequence, const CommittedRecord& committed,
                const pb::Envelope& envelope, int messages);

/// The key hash of the single chain of an outbox: see State::is_outbox.
constexpr std::uint64_t outbox_line = 0;

/// Puts a message that was just added to the index at the end of its key's chain, or, without key
/// hash, into its line or the delay table.
void enqueue(State& state, Sequence sequence, Entry& entry, std::optional<std::uint64_t> key_hash);

/// Removes a live message from the index, its key's chain and all tables but the leases, in any
/// status. Returns false, without effect, where the message is not live.
bool remove_message(State& state, Sequence sequence);

/// Sets the time before which a live message is not leased, and the delay that it comes from.
void reschedule(State& state, Sequence sequence, Entry& entry, TimeUs not_before_us,
                DurationUs delay_us);

/// A record of `at_us` shows that the wall clock was set back. Times after `at_us` may have been
/// computed in a wrong hour, so every delay and timer now ends after its duration from `at_us` at the
/// latest.
void clock_set_back(State& state, TimeUs at_us);

/// Removes all messages and all that follows from them. REQUIRES: there is no lease.
void clear_backlog(State& state);

/// A message that may be leased next, alone or at the head of its key.
struct Candidate {
  KeySlot slot = no_slot;  ///< no_slot: without key
  Sequence sequence = 0;   ///< 0: the ticket is stale
};

/// What the first ticket of a line stands for. REQUIRES: the line has a ticket.
[[nodiscard]] Candidate front_of(const State& state, std::uint8_t priority);

/// Drops the first ticket of a line, for which front_of() returned `candidate`. A candidate with a
/// message is in no line after that: mark_leased() or put_back() must follow.
void take_front(State& state, std::uint8_t priority, const Candidate& candidate);

/// Puts a candidate that was taken back into its line, or into the delay table if it is not due.
void put_back(State& state, const Candidate& candidate);

/// Keeps a key that was taken out of the lines: it is busy from now on, until release_held() or
/// withdraw_key(). `look_us`: when it must be looked at again; 0: never.
void hold_key(State& state, const Candidate& candidate, TimeUs look_us);

/// Puts the keys that are held back into their lines: all, or those with `look_us` <= `up_to_us`.
void release_held(State& state, std::optional<TimeUs> up_to_us = std::nullopt);

/// Takes a message without key out of its line or the delay table. Returns false, without effect,
/// where the message is leased or settling; after true, mark_leased() must follow.
[[nodiscard]] bool withdraw_message(State& state, Sequence sequence, Entry& entry);

/// Takes a key out of its line, and its head out of the delay table. Returns false, without effect,
/// where a lease holds the key; after true, mark_leased() must follow.
[[nodiscard]] bool withdraw_key(State& state, KeySlot slot);

/// Makes the messages of `run` leased, and the key of `slot` busy. REQUIRES: `slot` is the slot of
/// all of them, and they were taken or withdrawn. Only begin_lease() calls it.
void mark_leased(State& state, KeySlot slot, std::span<const Sequence> run);

/// Makes the messages of a lease's `run` that are still live settling. Only begin_settling() calls
/// it.
void mark_settling(State& state, std::span<const Sequence> run);

/// Puts the messages of a lease's `run` that are still live back into the places that they had, and
/// frees the key of `slot`. Only end_lease() calls it.
void give_back(State& state, KeySlot slot, std::span<const Sequence> run);

/// Sets the queue's time to `now_us`, and moves messages that are due from the delay table into their
/// lines.
void wake_delayed(State& state, TimeUs now_us);

/// Returns whether the backlog, by messages or by bytes, is at least `percent` of its limit.
[[nodiscard]] bool is_above(const State& state, std::uint32_t percent);

}  // namespace millrace::queues
