// Clock: where the shells get the time from. Cores are told the time.
#pragma once

#include "actors/base/time.hpp"

namespace millrace {

class Clock {
 public:
  virtual ~Clock() = default;

  /// Any thread. May step back when the wall clock does; queues do not let it.
  [[nodiscard]] virtual TimeUs now_us() const = 0;
};

/// The wall clock of the machine.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimeUs now_us() const override {
    return to_us(std::chrono::system_clock::now().time_since_epoch());
  }
};

}  // namespace millrace
