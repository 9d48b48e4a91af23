// When to dial again: twice as long after each failure, up to a limit, with jitter so that nodes
// that lost a peer together do not come back together. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace::transport {

class Backoff {
 public:
  Backoff(DurationUs first_us, DurationUs max_us) : first_us_(first_us), max_us_(max_us) {}

  /// The pause before the next attempt: between half of the current step and all of it.
  DurationUs next(std::uint64_t random_bits) {
    step_us_ = step_us_ == 0 ? first_us_ : std::min(step_us_ * 2, max_us_);
    const DurationUs half = step_us_ / 2;
    return half + static_cast<DurationUs>(random_bits % static_cast<std::uint64_t>(half + 1));
  }
  /// A link held for a while: the next failure begins anew.
  void reset() { step_us_ = 0; }

 private:
  DurationUs first_us_;
  DurationUs max_us_;
  DurationUs step_us_ = 0;
};

}  // namespace millrace::transport
