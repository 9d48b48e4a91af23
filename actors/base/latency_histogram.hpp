// LatencyHistogram: counts durations in log-linear buckets, so that any percentile is known to 1 %
// at a fixed size. After G. Tene's HdrHistogram: 64 equal buckets for each power of two.
//
//   us:    0 1 2 … 127 │ 128 130 … 254 │ 256 260 … 508 │ …  up to one hour
//   width: 1           │ 2             │ 4             │
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace {

/// Plain memory of 14 KB without pointers, so it may lie in shared memory and be copied as bytes;
/// all zeros is the empty histogram.
/// Threads: one records; any number may read meanwhile through snapshot(). All else is for one
/// thread at a time. Several recorders keep one each and merge.
class LatencyHistogram {
 public:
  /// Longest duration told apart: one hour. Longer ones count as that.
  static constexpr DurationUs value_max = 3'600'000'000;

  /// Counts `duration_us`, clamped to 0..value_max. Never blocks, never allocates.
  void record(DurationUs duration_us);

  /// A copy, taken while another thread records: each of its counts was true at some moment of the
  /// call.
  [[nodiscard]] LatencyHistogram snapshot() const;

  /// Adds all that `other` counted.
  void merge(const LatencyHistogram& other);

  /// What was counted after `earlier`, an older snapshot of this histogram. Its max_us() is known
  /// to 1 % only.
  [[nodiscard]] LatencyHistogram since(const LatencyHistogram& earlier) const;

  /// The duration that the share `fraction` (0..1) of all do not exceed, within 1 % of the true
  /// one; 0 of an empty histogram.
  [[nodiscard]] DurationUs percentile(double fraction) const;

  [[nodiscard]] std::uint64_t count() const;                ///< durations counted
  [[nodiscard]] DurationUs max_us() const { return max_; }  ///< the longest, exact; 0 when empty
  [[nodiscard]] double mean_us() const;                     ///< exact; 0 when empty

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
