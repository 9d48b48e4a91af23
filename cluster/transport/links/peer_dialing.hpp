// PeerDialing: when this node dials a peer. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "cluster/transport/protocol/backoff.hpp"

namespace millrace::transport {

class PeerDialing {
 public:
  PeerDialing(DurationUs first_us, DurationUs max_us)
      : backoff_(first_us, max_us), max_us_(max_us) {}

  /// Whether it is time for an attempt. From then on one is under way, until failed.
  bool begin(TimeUs now_us) {
    if (is_under_way_ || now_us < at_us_) return false;
    return is_under_way_ = true;
  }
  void up(TimeUs now_us) { up_us_ = now_us; }
  /// The attempt, or the link that came of it, is over.
  void failed(TimeUs now_us, std::uint64_t random_bits) {
    // A link that breaks again and again is dialed no faster than one that never comes up.
    if (up_us_ && now_us - *up_us_ > max_us_) backoff_.reset();
    up_us_.reset();
    is_under_way_ = false;
    at_us_ = now_us + backoff_.next(random_bits);
  }

 private:
  Backoff backoff_;
  DurationUs max_us_;
  TimeUs at_us_ = 0;
  std::optional<TimeUs> up_us_;
  bool is_under_way_ = false;
};

}  // namespace millrace::transport
