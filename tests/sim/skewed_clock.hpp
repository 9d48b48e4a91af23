// SkewedClock: the clock of a simulated node: ahead or behind, fast or slow, and stepped at times.
#pragma once

#include "actors/base/clock.hpp"

namespace millrace {

class SkewedClock final : public Clock {
 public:
  /// `rate_ppm`: excess of its rate over that of `base`, in parts per million; may be negative.
  /// `base` must outlive this object.
  SkewedClock(const Clock& base, std::int64_t rate_ppm, DurationUs ahead_us)
      : base_(&base), rate_ppm_(rate_ppm), ahead_us_(ahead_us), began_us_(base.steady_us()) {}

  /// Sets the clock forwards, or back if `by_us` is negative.
  void step(DurationUs by_us) { ahead_us_ += by_us; }

  [[nodiscard]] TimeUs now_us() const override { return steady_us() + ahead_us_; }
  [[nodiscard]] SteadyUs steady_us() const override {
    const SteadyUs base_us = base_->steady_us();
    return base_us + (base_us - began_us_) * rate_ppm_ / 1'000'000;
  }

 private:
  const Clock* base_;
  std::int64_t rate_ppm_;
  DurationUs ahead_us_;
  SteadyUs began_us_;
};

}  // namespace millrace
