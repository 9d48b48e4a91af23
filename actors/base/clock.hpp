// Real time of the process: reading the wall clock, and letting time pass. For shells only; a core
// receives the time in its commands, and includes time.hpp alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "actors/base/time.hpp"

namespace millrace {

/// Source of the wall-clock time, replaced by a virtual clock in tests and simulations.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Microseconds since 1970-01-01 UTC. Any thread; does not block. Not monotonic: the wall clock
  /// may be set back. Queues therefore keep the highest time that they have seen.
  [[nodiscard]] virtual TimeUs now_us() const = 0;
};

/// The wall clock of the machine.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimeUs now_us() const override {
    return to_us(std::chrono::system_clock::now().time_since_epoch());
  }
};

/// Blocks the calling thread until `when`; returns at once if `when` has passed. For work that
/// consists of letting time pass: pacing a load, simulating a slow disk or service. Never a
/// substitute for waiting on an event of another thread, which needs a condition and a deadline.
template <class TimeClock, class Duration>
void pause_until(std::chrono::time_point<TimeClock, Duration> when) {
  if (TimeClock::now() >= when) return;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, when, [] { return false; });
}

}  // namespace millrace
