// WallTime: the wall time that the runtime goes by, made from a clock that may be set.
//
//   the clock was set     the wall time
//   forwards              follows at once: deadlines that people set are real
//   back, up to 1 s       stands still until the clock has caught up
//   back, further         follows at once: nothing waits for the size of a step
#pragma once

#include <atomic>

#include "actors/base/time.hpp"

namespace millrace {

/// Any thread.
class WallTime {
 public:
  /// `read` returns the clock's time, and is called once or more.
  template <class Read>
  [[nodiscard]] TimeUs follow(const Read& read) {
    TimeUs latest_us = latest_us_.load(std::memory_order_acquire);
    while (true) {
      // Read after `latest_us`: an earlier time can only mean that the clock was set back.
      const TimeUs at_us = read();
      const bool stands_still = at_us < latest_us && at_us >= latest_us - step_min_us;
      if (stands_still) return latest_us;
      if (at_us >= latest_us && at_us - latest_us < grain_us) return at_us;
      if (latest_us_.compare_exchange_weak(latest_us, at_us, std::memory_order_acq_rel)) {
        return at_us;
      }
    }
  }

 private:
  /// Times are noted this far apart, so that threads seldom write. The time may go back by less.
  static constexpr DurationUs grain_us = 1'000;

  std::atomic<TimeUs> latest_us_ = 0;
};

}  // namespace millrace
