// Points in time and durations, in microseconds. Times in records are of the wall clock, because a
// monotonic clock has no meaning after a restart.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace {

/// Microseconds since 1970-01-01 UTC. Where a time is optional, 0 means "none".
using TimeUs = std::int64_t;

/// A duration in microseconds.
using DurationUs = std::int64_t;

/// Converts a duration of any unit to microseconds, rounding towards zero.
template <class Rep, class Period>
[[nodiscard]] constexpr DurationUs to_us(std::chrono::duration<Rep, Period> span) {
  return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

}  // namespace millrace
