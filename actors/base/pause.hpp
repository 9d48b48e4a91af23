// pause_until(): lets time pass where that is the work itself: pacing a load, simulated slowness.
// Never for waiting on something that somebody else does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace millrace {

/// Blocks the calling thread until `when`.
template <class Clock, class Duration>
void pause_until(std::chrono::time_point<Clock, Duration> when) {
  if (Clock::now() >= when) return;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, when, [] { return false; });
}

}  // namespace millrace
