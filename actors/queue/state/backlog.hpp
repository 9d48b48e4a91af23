// Operations on the live messages of a queue that keep its tables consistent: declaring the queue,
// putting messages in line, setting them aside until they are due, and bringing them back.
#pragma once

#include <memory>
#include <optional>

#include "actors/journal/format/frame.hpp"
#include "actors/queue/state/queue_state.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace::queues {

/// A record that the log confirmed, and where it lies.
struct CommittedRecord {
  std::shared_ptr<const pb::Record> record;
  journal::Place place{};
};

/// Declares the queue, for the first time or as something else from here on.
void declare(State& state, const pb::Declaration& declaration);

/// A later declaration of the queue by the name that it has: it says whether the queue takes dead
/// letters, and that its copy is whole. Fails with `corrupt`.
[[nodiscard]] Result<void> redeclare(State& state, const pb::Declaration& declaration);

/// Keeps the body of a message, if the cache has room.
void cache_body(State& state, Sequence sequence, const CommittedRecord& committed,
                const pb::Envelope& envelope);

/// All messages of an outbox share one chain: see State::is_outbox.
constexpr std::uint64_t outbox_line = 0;

/// Puts a message that the index holds at the end of its key's chain, or, without key, in line.
void enqueue(State& state, Sequence sequence, Entry& entry, std::optional<std::uint64_t> key_hash);

/// Puts the message at the head of `slot` in line, or aside until it is due. Nothing happens while
/// the key is busy.
void make_eligible(State& state, KeySlot slot);

/// Puts a message without key, leased or aside before, back into its place in line, or aside until
/// it is due.
void return_message(State& state, Sequence sequence, Entry& entry);

/// A ticket became stale other than by coming up: its message is gone or held, its key stands
/// elsewhere. Drops stale tickets when they have become the most.
void note_stale(State& state);

/// Whether the backlog, by messages or by bytes, is at `percent` of its limit or above.
[[nodiscard]] bool is_above(const State& state, std::uint32_t percent);

/// Moves messages whose time has come from aside into their lines.
void wake_delayed(State& state, TimeUs now_us);

}  // namespace millrace::queues
