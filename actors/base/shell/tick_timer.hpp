// TickTimer: sends an actor a TickMessage at a time of the steady clock.
//
// CAF's delayed messages count the time in which the machine runs; steady time also counts that in
// which it is suspended. So the timer waits in parts and looks at the clock after each: an actor is
// late by at most a second after a suspension, however long it was. A time of the wall clock has no
// steady equivalent, because that clock can be set. Who waits for one sets the timer again and again
// for a second or less.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <caf/all.hpp>

#include "actors/base/time.hpp"
#include "messages/caf_types.hpp"

namespace millrace {

/// From an actor's TickTimer to the actor, which passes it to TickTimer::is_due().
struct TickMessage {
  std::uint64_t number = 0;
};

/// Part of an actor. Not thread-safe.
class TickTimer {
 public:
  /// Sets the timer to `due_us`, unless it is set to an earlier time.
  template <class Self>
  void set(Self* self, SteadyUs due_us, SteadyUs now_us) {
    if (due_us_ && *due_us_ <= due_us) return;
    due_us_ = due_us;
    wait(self, now_us);
  }

  /// Returns whether the time has come to which the timer was set. Then it is set to none.
  template <class Self>
  [[nodiscard]] bool is_due(Self* self, const TickMessage& m, SteadyUs now_us) {
    if (m.number != number_ || !due_us_) return false;  // it was set to an earlier time since
    if (now_us < *due_us_) {
      wait(self, now_us);
      return false;
    }
    due_us_.reset();
    return true;
  }

 private:
  static constexpr DurationUs second_us = 1'000'000;
  static constexpr DurationUs minute_us = 60 * second_us;

  template <class Self>
  void wait(Self* self, SteadyUs now_us) {
    const DurationUs left_us = std::max<DurationUs>(*due_us_ - now_us, 0);
    // What is due in a long time costs next to nothing until then.
    const DurationUs part_us = left_us > 2 * minute_us ? minute_us : std::min(left_us, second_us);
    self->delayed_send(self, std::chrono::microseconds(part_us), TickMessage{++number_});
  }

  std::optional<SteadyUs> due_us_;  ///< nullopt: not set
  std::uint64_t number_ = 0;        ///< of the latest TickMessage; the actor ignores others
};

}  // namespace millrace
