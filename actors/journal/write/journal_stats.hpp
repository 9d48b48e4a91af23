// Measurements of a journal: the counters that the flushers update, and a copy for readers.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// Histogram of durations by powers of two: bucket i counts durations from 2^(i-1) up to but not
/// including 2^i microseconds, bucket 0 those below 1 µs, the last bucket all longer ones.
/// Any thread may add or read concurrently. A reader may see a duration in its bucket that is not
/// in the sum yet.
class DurationCounts {
 public:
  static constexpr std::size_t bucket_count = 32;

  void add(std::chrono::nanoseconds duration) {
    const auto us = static_cast<std::uint64_t>(duration.count() / 1000);
    const std::size_t bucket = static_cast<std::size_t>(std::bit_width(us));
    buckets_[bucket < bucket_count ? bucket : bucket_count - 1].fetch_add(
        1, std::memory_order_relaxed);
    sum_us_.fetch_add(us, std::memory_order_relaxed);
  }

  [[nodiscard]] std::array<std::uint64_t, bucket_count> buckets() const {
    std::array<std::uint64_t, bucket_count> copy{};
    for (std::size_t i = 0; i < bucket_count; ++i) {
      copy[i] = buckets_[i].load(std::memory_order_relaxed);
    }
    return copy;
  }
  [[nodiscard]] std::uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
  std::atomic<std::uint64_t> sum_us_ = 0;
};

/// Totals since the journal started, updated by the flushers.
struct GroupCounters {
  std::atomic<std::uint64_t> records = 0;  ///< confirmed
  std::atomic<std::uint64_t> bytes = 0;    ///< written, with headers and padding
  std::atomic<std::uint64_t> syncs = 0;    ///< groups and marks made durable
  DurationCounts append;                   ///< from a group's first append to its confirmation
  DurationCounts sync;                     ///< write and sync of one group or mark
};

/// State and totals of a journal. The fields are read one after the other while the journal runs,
/// so they need not fit together exactly.
struct JournalStats {
  Lsn durable_lsn = 0;                       ///< of the last confirmed record
  SegmentNumber first_segment = 0;           ///< oldest segment of the log; 0: the log has none
  SegmentNumber current_segment = 0;         ///< segment being written; 0 before the first write
  std::size_t segments = 0;                  ///< segments of the log
  std::size_t segments_ready = 0;            ///< segments ready for writing, not in the log yet
  std::uint64_t room_bytes = 0;              ///< writable before another segment must be made ready
  std::uint64_t spare_bytes = 0;             ///< writable before a segment must be released
  std::uint64_t bytes_since_checkpoint = 0;  ///< see Journal::bytes_since_checkpoint()
  std::uint64_t records = 0;                 ///< as in GroupCounters, also the next two
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t append_us_sum = 0;  ///< of GroupCounters::append
  std::uint64_t sync_us_sum = 0;    ///< of GroupCounters::sync
  std::array<std::uint64_t, DurationCounts::bucket_count> append_us{};  ///< see DurationCounts
  std::array<std::uint64_t, DurationCounts::bucket_count> sync_us{};    ///< see DurationCounts
};

}  // namespace millrace::journal
