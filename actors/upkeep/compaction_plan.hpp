// Which part of the log is worth compaction: a pure choice from what lives where.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "actors/journal/format/frame.hpp"
#include "actors/queue/state/queue_state.hpp"

namespace millrace {

/// Bytes of live messages by segment.
using LiveBytes = std::map<journal::SegmentNumber, std::uint64_t>;

/// Where the live messages of a queue lie. A message counts for its key and payload, and for what
/// a small envelope and its frame take beside them.
[[nodiscard]] LiveBytes live_bytes(const queues::State& state);

struct SegmentUse {
  journal::SegmentNumber number = 0;
  std::uint64_t bytes = 0;       ///< of its file
  std::uint64_t live_bytes = 0;  ///< to be written again, were it compacted
};

struct CompactionLimits {
  /// What is compacted is live to at most this share, 1 to 99. So compaction writes at most
  /// share / (100 - share) of what the queues write, in the long run: a third by default. What
  /// stays is live to at least this share, so the log is at most 100 / share times its live bytes,
  /// and what came since the last two checkpoints.
  std::uint32_t live_percent_max = 25;
  std::uint64_t freed_bytes_min = 0;  ///< less than this is not worth the trouble
  /// More than this is not moved at a time: as many segments as it allows are compacted first.
  std::uint64_t moved_bytes_max = ~std::uint64_t{0};
};

/// The segment before which all that is live should be written again; 0: none. `log` is its oldest
/// part, without gaps, in which nothing new can come alive.
[[nodiscard]] journal::SegmentNumber plan_compaction(std::span<const SegmentUse> log,
                                                     const CompactionLimits& limits);

}  // namespace millrace
