// A queue's durable state as bytes, for checkpoints, and back.
#pragma once

#include <functional>
#include <string>

#include "actors/queue/queue_state.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

/// Hands `state` to `sink` as serialized pb::SnapshotPart, each of at most about 2 MiB unless one
/// key's own state is larger. The declaration goes into the first part.
void write_snapshot(const State& state, const pb::Declaration& declaration,
                    const std::function<void(std::string part)>& sink);

/// Adds one part, read back in the order of writing, to `state`. Fails with `corrupt`.
[[nodiscard]] Result<void> read_snapshot(State& state, const pb::SnapshotPart& part);

}  // namespace millrace::queues
