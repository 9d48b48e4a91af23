// PeerDialing: when this node dials a peer. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

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

class PeerDialing {
 public:
  PeerDialing(DurationUs first_us, DurationUs max_us)
      : backoff_(first_us, max_us), max_us_(max_us) {}

  /// Whether it is time for an attempt. From then on one is under way, until failed.
  bool begin(TimeUs now_us) {
    if (is_dialing_ || now_us < at_us_) return false;
    return is_dialing_ = true;
  }
  void up(TimeUs now_us) { up_us_ = now_us; }
  /// The attempt, or the link that came of it, is over.
  void failed(TimeUs now_us, std::uint64_t random_bits) {
    // A link that breaks again and again is dialed no faster than one that never comes up.
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
