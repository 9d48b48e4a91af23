// DeathCore: decides from what befalls a link whether the process at its other end has died. Pure.
//
//            up                 closed               refused
//   unknown ────▶ alive ───────────────▶ closed ───────────────▶ DEAD
//      ▲            ▲ │                   │  ▲ │
//      │            │ │ silence, cut      │  └─┘ no answer: asks again
//      │            │ ▼                   │ up
//      └────────────┴─────────────────────┘
//
// Closed: the other side's kernel has ended the connection, which it does for a process that is gone, and also
// for one that closes it. Refused: it refuses a new one, as nobody listens there any more. A link that is
// silent or was cut, and an address without an answer, say nothing of the process.
#pragma once

#include <algorithm>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace::transport {

/// What befell a link, or an attempt to make one.
enum class LinkFate : std::uint8_t {
  up,       ///< both sides have welcomed each other
  closed,   ///< the other side has ended the connection
  refused,  ///< the other side refuses connections
  lost,     ///< anything else: silence, no route, no answer in time
};

class DeathCore {
 public:
  /// Pauses between attempts double from the first to the second.
  static constexpr DurationUs redial_first_us = 10'000;
  static constexpr DurationUs redial_max_us = 500'000;

  /// REQUIRES: after `up` only `closed` or `lost` follow, after these any.
  void on(LinkFate fate, SteadyUs now_us) {
    if (state_ == State::dead) return;
    if (fate == LinkFate::up) {
      state_ = State::alive;
      pause_us_ = 0;
      return;
    }
    if (fate == LinkFate::refused && state_ == State::closed) {
      state_ = State::dead;
      return;
    }
    if (state_ == State::alive) state_ = fate == LinkFate::closed ? State::closed : State::unknown;
    dial_at_us_ = now_us + pause_us_;  // at once, after a link
    pause_us_ = std::clamp(pause_us_ * 2, redial_first_us, redial_max_us);
  }

  /// Whether a link is to be made now, if there is none.
  [[nodiscard]] bool may_dial(SteadyUs now_us) const {
    return state_ != State::dead && now_us >= dial_at_us_;
  }
  [[nodiscard]] bool is_dead() const { return state_ == State::dead; }

 private:
  enum class State : std::uint8_t { unknown, alive, closed, dead };
  State state_ = State::unknown;
  SteadyUs dial_at_us_ = 0;
  DurationUs pause_us_ = 0;
};

}  // namespace millrace::transport
