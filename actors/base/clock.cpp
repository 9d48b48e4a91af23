#include "actors/base/clock.hpp"

#include <ctime>

#include "actors/base/assert.hpp"

namespace millrace {

SteadyUs SystemClock::steady_us() const {
  timespec time{};
  MILLRACE_ASSERT(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return static_cast<SteadyUs>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1'000;
}

Now SystemClock::now() const {
  const Now now{now_us(), steady_us()};
  DurationUs seen = seen_.load(std::memory_order_relaxed);
  const auto is_step = [&seen](DurationUs ahead_us) {
    return ahead_us - seen > step_min_us || seen - ahead_us > step_min_us;
  };
  if (!is_step(now.wall_us - now.steady_us)) return now;
  // The thread may have been stopped between the two readings: read again, and trust only readings
  // that took no time.
  const SteadyUs began_us = steady_us();
  const DurationUs ahead_us = read();
  if (steady_us() - began_us > step_min_us / 10 || !is_step(ahead_us)) return now;
  const DurationUs step_us = ahead_us - seen;
  if (!seen_.compare_exchange_strong(seen, ahead_us)) return now;  // another thread reports it
  steps_.fetch_add(1, std::memory_order_relaxed);
  if (on_step_) on_step_(step_us);
  return now;
}

}  // namespace millrace
