// LatencyHistogram: counts durations in buckets whose width grows with the duration, so that each
// percentile is within 1 % of the true value, in fixed memory. After G. Tene's HdrHistogram: 64
// buckets of equal width for each power of two.
//
//   lower bound, µs │ 0 1 2 … 127 │ 128 130 … 254 │ 256 260 … 508 │ … up to one hour
//   width, µs       │ 1           │ 2             │ 4             │
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace {

/// 14 KB without pointers: it may lie in shared memory and be copied as bytes. A histogram whose
/// bytes are all zero is empty.
/// Threads: while one thread calls record(), any number of threads may call snapshot(). All other
/// functions need exclusive access. Several recording threads keep a histogram each and merge them.
class LatencyHistogram {
 public:
  /// One hour, in microseconds. Longer durations are counted as this.
  static constexpr DurationUs value_max = 3'600'000'000;

  /// Counts `duration_us`, clamped to 0..value_max. Never blocks or allocates.
  void record(DurationUs duration_us);

  /// A copy. While another thread records, each count in the copy was current at some time during
  /// the call, but not all at the same time.
  [[nodiscard]] LatencyHistogram snapshot() const;

  /// Adds the counts of `other`.
  void merge(const LatencyHistogram& other);

  /// The durations counted since the snapshot `earlier`. max_us() of the result is within 1 %.
  /// REQUIRES: `earlier` is a snapshot of this histogram.
  [[nodiscard]] LatencyHistogram since(const LatencyHistogram& earlier) const;

  /// The duration that the share `fraction` (0 to 1, clamped) of all durations does not exceed,
  /// within 1 %. 0 if the histogram is empty.
  [[nodiscard]] DurationUs percentile(double fraction) const;

  [[nodiscard]] std::uint64_t count() const;                ///< number of durations
  [[nodiscard]] DurationUs max_us() const { return max_; }  ///< longest duration; 0 if empty
  [[nodiscard]] double mean_us() const;                     ///< 0 if empty

 private:
  static constexpr unsigned sub_bits = 6;
  static constexpr std::size_t per_octave = std::size_t{1} << sub_bits;
  static constexpr unsigned value_bits = 32;  // value_max < 2^32
  static constexpr std::size_t buckets = per_octave * (value_bits - sub_bits + 1);

  static std::size_t bucket_of(DurationUs duration_us);
  static DurationUs middle_of(std::size_t bucket);

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t sum_ = 0;
  DurationUs max_ = 0;
};

}  // namespace millrace
