#include "actors/base/latency_histogram.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <numeric>

namespace millrace {
namespace {

// Relaxed atomic accesses, no locked instruction: there is one writer, and readers only need values
// that are not torn.
template <class T>
T load(const T& value) {
  return std::atomic_ref<T>(const_cast<T&>(value)).load(std::memory_order_relaxed);
}

template <class T>
void store(T& target, T value) {
  std::atomic_ref<T>(target).store(value, std::memory_order_relaxed);
}

}  // namespace

// Values below 128 have a bucket each. A larger value is shifted right by s until 7 bits are left;
// its bucket lies s * 64 above that 7-bit number, because each power of two has 64 buckets.
std::size_t LatencyHistogram::bucket_of(DurationUs duration_us) {
  const auto value = static_cast<std::uint64_t>(duration_us);
  const auto bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= sub_bits + 1) return value;
  const unsigned shift = bits - sub_bits - 1;
  return shift * per_octave + (value >> shift);
}

DurationUs LatencyHistogram::middle_of(std::size_t bucket) {
  if (bucket < 2 * per_octave) return static_cast<DurationUs>(bucket);
  const std::size_t shift = bucket / per_octave - 1;
  const std::uint64_t lowest = (bucket - shift * per_octave) << shift;
  return static_cast<DurationUs>(lowest + (std::uint64_t{1} << shift) / 2);
}

void LatencyHistogram::record(DurationUs duration_us) {
  const DurationUs value = std::clamp(duration_us, DurationUs{0}, value_max);
  std::uint64_t& count = counts_[bucket_of(value)];
  store(count, count + 1);
  store(sum_, sum_ + static_cast<std::uint64_t>(value));
  if (value > max_) store(max_, value);
}

LatencyHistogram LatencyHistogram::snapshot() const {
  LatencyHistogram copy;
  for (std::size_t i = 0; i < buckets; ++i) copy.counts_[i] = load(counts_[i]);
  copy.sum_ = load(sum_);
  copy.max_ = load(max_);
  return copy;
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

LatencyHistogram LatencyHistogram::since(const LatencyHistogram& earlier) const {
  LatencyHistogram difference;
  for (std::size_t i = 0; i < buckets; ++i) {
    difference.counts_[i] = counts_[i] - earlier.counts_[i];
    if (difference.counts_[i] > 0) difference.max_ = std::min(middle_of(i), max_);
  }
  difference.sum_ = sum_ - earlier.sum_;
  return difference;
}

DurationUs LatencyHistogram::percentile(double fraction) const {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const double share = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(total);
  const auto rank =
      std::clamp(static_cast<std::uint64_t>(std::ceil(share)), std::uint64_t{1}, total);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    passed += counts_[i];
    if (passed >= rank) return std::min(middle_of(i), max_);
  }
  return max_;
}

std::uint64_t LatencyHistogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

double LatencyHistogram::mean_us() const {
  const std::uint64_t total = count();
  return total == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(total);
}

}  // namespace millrace
