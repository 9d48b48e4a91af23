// DurationCounts: a histogram of durations that many threads add to.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace {

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

}  // namespace millrace
