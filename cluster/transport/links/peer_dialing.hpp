// PeerDialing: decides when this node dials a peer, with exponential back-off. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "actors/base/time.hpp"

namespace millrace::transport {

class Backoff {
 public:
  Backoff(DurationUs first_us, DurationUs max_us) : first_us_(first_us), max_us_(max_us) {}

  /// Returns the pause before the next attempt: random between half of the current step and the
  /// step.
  DurationUs next(std::uint64_t random_bits) {
    step_us_ = step_us_ == 0 ? first_us_ : std::min(step_us_ * 2, max_us_);
    const DurationUs half = step_us_ / 2;
    return half + static_cast<DurationUs>(random_bits % static_cast<std::uint64_t>(half + 1));
  }
  /// Starts again at the first step. Call after a link that stayed up.
  void reset() { step_us_ = 0; }

 private:
  DurationUs first_us_;
  DurationUs max_us_;
  DurationUs step_us_ = 0;
};

class PeerDialing {
 public:
  PeerDialing(DurationUs first_us, DurationUs max_us)
      : backoff_(first_us, max_us), max_us_(max_us) {}

  /// Returns whether to dial now. If true, returns false from then on until failed() is called.
  bool begin(TimeUs now_us) {
    if (is_dialing_ || now_us < at_us_) return false;
    return is_dialing_ = true;
  }
  void up(TimeUs now_us) { up_us_ = now_us; }
  /// The attempt failed, or the link that it established went down.
  void failed(TimeUs now_us, std::uint64_t random_bits) {
    // Keep the back-off after a short-lived link, so that a flapping link is not redialed at once.
    if (up_us_ && now_us - *up_us_ > max_us_) backoff_.reset();
    up_us_.reset();
    is_dialing_ = false;
    at_us_ = now_us + backoff_.next(random_bits);
  }

 private:
  Backoff backoff_;
  DurationUs max_us_;
  TimeUs at_us_ = 0;
  std::optional<TimeUs> up_us_;
  bool is_dialing_ = false;
};

}  // namespace millrace::transport
