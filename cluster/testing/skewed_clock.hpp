// SkewedClock: the clock of a simulated node: ahead or behind, fast or slow, stepped and slewed at
// times.
#pragma once

#include <algorithm>
#include <cstdint>

#include "actors/base/clock.hpp"

namespace millrace {

class SkewedClock final : public Clock {
 public:
  /// `rate_ppm`: excess of its rate over that of `base`, in parts per million; may be negative.
  /// `base` must outlive this object.
  SkewedClock(const Clock& base, std::int64_t rate_ppm, DurationUs ahead_us)
      : base_(&base), rate_ppm_(rate_ppm), ahead_us_(ahead_us), began_us_(base.steady_us()) {}

  /// Sets the wall clock forwards, or back if `by_us` is negative.
  void step(DurationUs by_us) { ahead_us_ += by_us; }
  /// From now on the wall clock gains `ppm` millionths on the steady clock; loses, if negative.
  void slew(std::int64_t ppm) {
    ahead_us_ += slewed_us();
    slew_ppm_ = ppm;
    slewed_from_us_ = passed_us();
  }
  /// A fault for tests of the tests: the wall time never goes back, so that after a step forwards and
  /// its correction it stands still for the size of the step.
  void never_goes_back() { never_goes_back_ = true; }

  /// Another one: durations are measured by the wall clock.
  void is_steady_by_wall() { is_steady_by_wall_ = true; }

  [[nodiscard]] TimeUs now_us() const override {
    const TimeUs wall_us = passed_us() + ahead_us_ + slewed_us();
    latest_us_ = std::max(latest_us_, wall_us);
    return never_goes_back_ ? latest_us_ : wall_us;
  }
  [[nodiscard]] SteadyUs steady_us() const override {
    return is_steady_by_wall_ ? now_us() : passed_us();
  }

 private:
  [[nodiscard]] SteadyUs passed_us() const {
    const SteadyUs base_us = base_->steady_us();
    return base_us + (base_us - began_us_) * rate_ppm_ / 1'000'000;
  }
  [[nodiscard]] DurationUs slewed_us() const {
    return (passed_us() - slewed_from_us_) * slew_ppm_ / 1'000'000;
  }

  const Clock* base_;
  std::int64_t rate_ppm_;
  DurationUs ahead_us_;
  SteadyUs began_us_;
  std::int64_t slew_ppm_ = 0;
  SteadyUs slewed_from_us_ = 0;
  bool never_goes_back_ = false;
  bool is_steady_by_wall_ = false;
  mutable TimeUs latest_us_ = 0;
};

}  // namespace millrace
