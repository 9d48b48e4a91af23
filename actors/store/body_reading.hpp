// Reads the bodies of messages from the log: for queues, operators and moves of a running node, and
// for a stopped one.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Calls the visitor with the frame at each place, in log order; as logs::Log::read() or
/// logs::OpenedLog::read().
using ReadFrames =
    std::function<Result<void>(std::span<const logs::Place>, const logs::PlaceVisitor&)>;

using Bodies = std::vector<std::pair<queues::Sequence, queues::Body>>;

/// Reads the bodies of `wanted`, which are messages of `queue` in log order. Messages in a segment
/// that was released meanwhile are missing from the result: they are acked or were relocated.
/// Blocks for reads from disk. Fails with `corrupt` or `storage_failed`.
[[nodiscard]] Result<Bodies> read_bodies(const ReadFrames& read, queues::QueueNumber queue,
                                         std::span<const queues::WantedBody> wanted);

}  // namespace millrace
