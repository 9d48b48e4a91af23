// Real time of the process: reading the clocks, and letting time pass. For shells only; a core
// receives the time in its commands, and includes time.hpp alone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "actors/base/time.hpp"
#include "actors/base/wall_time.hpp"

namespace millrace {

/// Source of both times, replaced by a virtual clock in tests and simulations. Any thread; does not
/// block.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall time. It follows the machine's clock when that is set, so it may go back: deadlines of
  /// durations are steady times.
  [[nodiscard]] virtual TimeUs now_us() const = 0;

  /// Steady time.
  [[nodiscard]] virtual SteadyUs steady_us() const = 0;

  /// Both, of one moment.
  [[nodiscard]] virtual Now now() const { return {now_us(), steady_us()}; }
};

/// The clocks of the machine. The wall time is that of WallTime: a step back of up to a second is
/// absorbed.
class SystemClock final : public Clock {
 public:
  using OnStep = std::function<void(DurationUs)>;

  /// `on_step` is called for each step that now() notices, with the duration by which the wall clock
  /// was set forwards (back, if negative), on the thread that calls now(). It must not throw.
  explicit SystemClock(OnStep on_step = {}) : on_step_(std::move(on_step)), seen_(read()) {}

  [[nodiscard]] TimeUs now_us() const override { return wall_.follow(wall_us); }
  [[nodiscard]] SteadyUs steady_us() const override;
  [[nodiscard]] Now now() const override;

  /// Number of steps that now() has noticed.
  [[nodiscard]] std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

  /// For simulations: from now on, every SystemClock of this process shows a wall time that is later
  /// by `offset_us`, as if the clock of the machine were set whenever the value changes. Steady time
  /// stays as it is. `offset_us` may be in shared memory, and must live until the process ends.
  static void shift_wall_time(const std::atomic<DurationUs>& offset_us) { offset_us_ = &offset_us; }

 private:
  [[nodiscard]] static TimeUs wall_us() {
    const std::atomic<DurationUs>* const offset_us = offset_us_.load(std::memory_order_relaxed);
    return to_us(std::chrono::system_clock::now().time_since_epoch()) +
           (offset_us == nullptr ? 0 : offset_us->load(std::memory_order_relaxed));
  }
  /// The time by which the wall clock is ahead of the steady clock.
  [[nodiscard]] DurationUs read() const { return wall_us() - steady_us(); }

  inline static std::atomic<const std::atomic<DurationUs>*> offset_us_ = nullptr;

  OnStep on_step_;
  mutable WallTime wall_;
  mutable std::atomic<DurationUs> seen_;  ///< read() before the latest step
  mutable std::atomic<std::uint64_t> steps_ = 0;
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
