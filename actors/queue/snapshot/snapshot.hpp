// A queue's durable state as bytes, for checkpoints and for moves to another node, and back.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "actors/queue/state/queue_state.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

using SnapshotSink = std::function<void(std::string part)>;

/// How large a part of a snapshot gets, about, unless one key's own state is larger.
struct PartSize {
  std::size_t bytes = 1u << 20;  ///< of keys and their states
  int entries = 65'536;          ///< of whatever else is counted
};

/// Hands `state`, which is declared, to `sink` as serialized pb::SnapshotPart. The declaration goes
/// into the first part.
void write_snapshot(const State& state, const SnapshotSink& sink);

/// Likewise without its messages: head, states and timers of keys, producers. The same bytes for
/// the same state.
void write_snapshot_frame(const State& state, PartSize size, const SnapshotSink& sink);

/// The live messages from number `first` to `last` as one serialized part.
[[nodiscard]] std::string snapshot_of_messages(const State& state, Sequence first, Sequence last);

/// Adds one part, read back in the order of writing, to `state`. Fails with `corrupt`.
[[nodiscard]] Result<void> read_snapshot(State& state, const pb::SnapshotPart& part);

}  // namespace millrace::queues
