// Measurements of a log: the counters that its threads update, and a copy for readers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "actors/base/duration_counts.hpp"
#include "actors/log/frame.hpp"

namespace millrace::logs {

/// Stands for a number of bytes that the engine cannot know.
inline constexpr std::uint64_t unknown_bytes = std::numeric_limits<std::uint64_t>::max();

/// Totals since the log started, updated by the threads that write it.
struct GroupCounters {
  std::atomic<std::uint64_t> records = 0;  ///< confirmed
  std::atomic<std::uint64_t> bytes = 0;    ///< written, with headers and padding
  std::atomic<std::uint64_t> syncs = 0;    ///< groups and marks made durable
  DurationCounts append;                   ///< from a group's first append to its confirmation
  DurationCounts sync;  ///< from the write of one group or mark until it is durable
};

/// State and totals of a log. The fields are read one after the other while the log runs, so they
/// need not fit together exactly.
struct LogStats {
  Lsn durable_lsn = 0;                ///< of the last confirmed record
  SegmentNumber first_segment = 0;    ///< oldest segment of the log; 0: the log has none
  SegmentNumber current_segment = 0;  ///< segment being written; 0 before the first write
  std::size_t segments = 0;           ///< segments of the log
  std::size_t segments_ready = 0;     ///< segments ready for writing, not in the log yet
  std::uint64_t room_bytes = 0;       ///< writable before another segment must be made ready
  std::uint64_t spare_bytes = 0;  ///< writable before a segment must be released, or unknown_bytes
  std::uint64_t bytes_since_checkpoint = 0;  ///< see Log::bytes_since_checkpoint()
  std::uint64_t records = 0;                 ///< as in GroupCounters, also the next two
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t outages = 0;        ///< how often the log became unreachable
  bool is_reachable = true;         ///< see Log::is_reachable()
  bool has_server = false;          ///< the log lies on a server, and the next four are known
  std::uint64_t in_doubt = 0;       ///< groups whose commit is neither confirmed nor refused
  std::uint64_t doubts = 0;         ///< groups whose commit came into doubt, in all
  std::uint64_t epoch = 0;          ///< of this process as the owner of the log
  std::int64_t lease_left_us = 0;   ///< of the seat; <= 0: it has ended, or there is none
  std::uint64_t append_us_sum = 0;  ///< of GroupCounters::append
  std::uint64_t sync_us_sum = 0;    ///< of GroupCounters::sync
  std::array<std::uint64_t, DurationCounts::bucket_count> append_us{};  ///< see DurationCounts
  std::array<std::uint64_t, DurationCounts::bucket_count> sync_us{};    ///< see DurationCounts
};

}  // namespace millrace::logs
