// Which part of the log is worth compaction: a pure function of where live messages lie.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/queue/state/queue_state.hpp"

namespace millrace {

/// Bytes of live messages by segment.
using LiveBytes = std::map<logs::SegmentNumber, std::uint64_t>;

/// Where the live messages of each queue lay when a checkpoint was taken.
using QueueUse = std::vector<std::pair<queues::QueueNumber, LiveBytes>>;

/// Where the live messages of a queue lie. A message counts as its key, its payload and a fixed
/// overhead for envelope and frame.
[[nodiscard]] LiveBytes live_bytes(const queues::State& state);

struct SegmentUse {
  logs::SegmentNumber number = 0;
  std::uint64_t bytes = 0;       ///< size of the file
  std::uint64_t live_bytes = 0;  ///< bytes that compaction would write again; at most `bytes`
};

struct CompactionLimits {
  /// Live share of the compacted segments together, in percent, 1 to 99. In the long run compaction
  /// writes at most share / (100 - share) of what the queues write (default: a third), and the log
  /// is at most 100 / share times its live bytes plus what was written since the last two
  /// checkpoints.
  std::uint32_t live_percent_max = 25;
  std::uint64_t freed_bytes_min = 0;  ///< a compaction that frees less does not begin
  /// Most bytes that one compaction relocates; later segments wait for the next one.
  std::uint64_t moved_bytes_max = ~std::uint64_t{0};
};

/// Returns the first segment that stays: live messages in segments before it should be relocated;
/// 0: nothing should. `log` is the oldest part of the log, in order without gaps; no message in it
/// may become live again.
[[nodiscard]] logs::SegmentNumber plan_compaction(std::span<const SegmentUse> log,
                                                  const CompactionLimits& limits);

}  // namespace millrace
