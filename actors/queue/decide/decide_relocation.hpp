// Decides on compaction: live messages are written again, so that the segments that hold them can
// go.
//
//   find_stranded ─▶ bodies read from the log ─▶ decide_relocation ─▶ commit ─▶ find_stranded …
//
// A move changes where a message's body lies and nothing else, so it may meet an ack, a lease or a
// retry of the same message in any order.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/decide/dispatch.hpp"

namespace millrace::queues {

/// How much one step of a compaction takes on. At least one message is taken, whatever its size.
struct RelocationLimits {
  std::size_t messages = 512;
  std::uint64_t bytes = 256u << 10;  ///< payloads and keys
  std::uint64_t looked_at = 65'536;  ///< live messages, so that a long queue is not held up
};

using RelocatedBody = std::pair<Sequence, Body>;

/// Live messages whose bodies lie in segments that are to go.
struct Stranded {
  std::vector<RelocatedBody> bodies;  ///< those in memory
  std::vector<WantedBody> wanted;     ///< the others, in the order of the log
  Sequence next = 0;                  ///< where the next step begins; 0: all have been looked at
};

/// Looks from message `from` on for those that lie before segment `before`.
[[nodiscard]] Stranded find_stranded(const State& state, journal::SegmentNumber before,
                                     Sequence from, const RelocationLimits& limits = {});

/// Writes again those of `bodies` that are still live and still lie before segment `before`. Null
/// record: none is.
[[nodiscard]] Decision decide_relocation(const State& state, journal::SegmentNumber before,
                                         std::span<const RelocatedBody> bodies, TimeUs now_us);

}  // namespace millrace::queues
