// What a journal tells about itself.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// Counts durations by powers of two: bucket i holds those below 2^i microseconds that are in no
/// lower one, the last bucket all the rest. Thread-safe; readers may see a count before its sum.
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

/// Counters since the start of the process, kept by the flushers.
struct GroupCounters {
  std::atomic<std::uint64_t> records = 0;  ///< confirmed
  std::atomic<std::uint64_t> bytes = 0;    ///< written, with headers and padding
  std::atomic<std::uint64_t> syncs = 0;    ///< groups and marks made durable
  DurationCounts append;                   ///< first append of a group until it was confirmed
  DurationCounts sync;                     ///< write and sync of a group
};

/// A moment's view of a journal. Values are taken one after the other.
struct JournalStats {
  Lsn durable_lsn = 0;
  SegmentNumber first_segment = 0;    ///< oldest that is part of the log; 0 if none is
  SegmentNumber current_segment = 0;  ///< the one being written; 0 before the first write
  std::size_t segments = 0;           ///< that the log consists of
  std::size_t segments_ready = 0;     ///< that can be written at once
  std::uint64_t room_bytes = 0;       ///< that can be written without a new segment
  std::uint64_t spare_bytes = 0;      ///< that can be written before something must be released
  std::uint64_t bytes_since_checkpoint = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t append_us_sum = 0;
  std::uint64_t sync_us_sum = 0;
  std::array<std::uint64_t, DurationCounts::bucket_count> append_us{};  ///< see DurationCounts
  std::array<std::uint64_t, DurationCounts::bucket_count> sync_us{};
};

}  // namespace millrace::journal
