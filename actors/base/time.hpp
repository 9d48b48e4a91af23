// Durable time: microseconds of the wall clock, because it must mean the same after a restart.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace {

/// Microseconds since 1970-01-01 UTC. 0 stands for "none" wherever a time is optional.
using TimeUs = std::int64_t;

/// A span in microseconds.
using DurationUs = std::int64_t;

/// A span of any unit as microseconds, rounded towards zero.
template <class Rep, class Period>
[[nodiscard]] constexpr DurationUs to_us(std::chrono::duration<Rep, Period> span) {
  return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

}  // namespace millrace
