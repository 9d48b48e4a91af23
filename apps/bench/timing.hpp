// What the benchmarks of one process share: spans of time, percentiles, and bounds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::bench {

using Steady = std::chrono::steady_clock;

/// A run in which nothing moves for this long has lost messages.
inline constexpr std::chrono::seconds patience{60};

/// Messages per write and sync of the raw limit.
inline constexpr std::uint32_t limit_batch = 256;

[[nodiscard]] inline double seconds_between(Steady::time_point begin, Steady::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

[[nodiscard]] inline double since(Steady::time_point begin) {
  return seconds_between(begin, Steady::now());
}

/// The value at `share` (0 to 1) of sorted values; 0 without values.
[[nodiscard]] inline double percentile_us(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace millrace::bench
