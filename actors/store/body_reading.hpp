// Brings the bodies of messages back from the log.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "actors/journal/read/cold_reader.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Visits the frames at the given places, in the order of the log.
using ReadFrames =
    std::function<Result<void>(std::span<const journal::Place>, const journal::PlaceVisitor&)>;

using Bodies = std::vector<std::pair<queues::Sequence, queues::Body>>;

/// Reads the bodies of `wanted`, messages of `queue` in the order of the log. What lies in a
/// segment that was compacted away in between is left out: it is acked, or has another place by
/// now. Fails with `corrupt` or `storage_failed`. Blocks.
[[nodiscard]] Result<Bodies> read_bodies(const ReadFrames& read, queues::QueueNumber queue,
                                         std::span<const queues::WantedBody> wanted);

}  // namespace millrace
