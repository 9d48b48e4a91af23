// Pressure: tells the queues that feed this one when it is above its high water, and when it is
// below its low water again. A part of the queue's shell.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {

class Pressure {
 public:
  using Queues = std::function<std::vector<QueueHandle>()>;

  /// `feeders` stop dispatching meanwhile, those of `cycle` take no offers; both may be empty.
  Pressure(Queues feeders, Queues cycle) : feeders_(std::move(feeders)), cycle_(std::move(cycle)) {}

  /// A copy in the making holds nobody back: what it holds is another node's.
  void update(State& state) {
    const Limits& limits = state.limits;
    bool& above = state.live.above_high_water;
    if (above) {
      if (!is_above(state, limits.low_water_percent)) release(state);
      return;
    }
    const bool is_copy = state.declaration && state.declaration->staged();
    if (is_copy || !is_above(state, limits.high_water_percent)) return;
    above = true;
    if (feeders_) held_ = feeders_();
    if (cycle_) closed_ = cycle_();
    tell(held_, {true, false});
    tell(closed_, {true, true});
  }

  /// Lets those go on that were stopped: exactly those, whichever feed the queue by now.
  void release(State& state) {
    if (!state.live.above_high_water) return;
    state.live.above_high_water = false;
    tell(std::exchange(held_, {}), {false, false});
    tell(std::exchange(closed_, {}), {false, true});
  }

 private:
  static void tell(const std::vector<QueueHandle>& queues, PressureMessage message) {
    for (const QueueHandle& queue : queues) caf::anon_send(queue, message);
  }

  Queues feeders_;
  Queues cycle_;
  std::vector<QueueHandle> held_;    ///< queues that were told to stop dispatching
  std::vector<QueueHandle> closed_;  ///< and to take no offers
};

}  // namespace millrace::queues
