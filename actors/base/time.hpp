// Points in time and durations, in microseconds, on two clocks. Wall time is what people and other
// nodes mean by a date; records carry it, because it alone has a meaning after a restart. It can be
// set forwards and back. Steady time is only good for durations: it is never set, and begins with
// the boot of the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace millrace {

/// Wall time: microseconds since 1970-01-01 UTC. Where a time is optional, 0 means "none".
using TimeUs = std::int64_t;

/// Steady time: microseconds since the machine was booted, with the time in which it was suspended.
using SteadyUs = std::int64_t;

/// A duration in microseconds.
using DurationUs = std::int64_t;

/// One moment on both clocks.
struct Now {
  TimeUs wall_us = 0;
  SteadyUs steady_us = 0;
};

/// The end of time (in the year 38500): sums of times up to here do not overflow.
constexpr TimeUs time_max_us = 1ll << 60;

/// Wall times that differ by less may be of one moment. A larger difference that steady time does
/// not explain is a step: somebody set the clock.
constexpr DurationUs step_min_us = 1'000'000;

/// Converts a duration of any unit to microseconds, rounding towards zero.
template <class Rep, class Period>
[[nodiscard]] constexpr DurationUs to_us(std::chrono::duration<Rep, Period> span) {
  return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

/// The time `by_us` after `at_us`, at most time_max_us: a duration that is too long to add means
/// "never".
[[nodiscard]] constexpr TimeUs time_after(TimeUs at_us, DurationUs by_us) {
  if (by_us < 0) {
    return at_us < std::numeric_limits<TimeUs>::min() - by_us ? std::numeric_limits<TimeUs>::min()
                                                              : at_us + by_us;
  }
  return at_us > time_max_us - by_us ? time_max_us : at_us + by_us;
}

/// Whether the wall clock was set back between the moments when it showed `before_us` and `now_us`.
[[nodiscard]] constexpr bool was_set_back(TimeUs now_us, TimeUs before_us) {
  return now_us < before_us - step_min_us;
}

/// How far the wall clock was set forwards between two moments; negative: set back.
[[nodiscard]] constexpr DurationUs step_between(Now before, Now after) {
  return (after.wall_us - before.wall_us) - (after.steady_us - before.steady_us);
}

}  // namespace millrace
