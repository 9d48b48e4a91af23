// Pressure: tells the queues that feed this one when it is above its high water, and when it is
// below its low water again. A part of the queue's shell.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/queue/queue_core.hpp"
#include "actors/queue/queue_messages.hpp"

namespace millrace::queues {

class Pressure {
 public:
  using Queues = std::function<std::vector<QueueHandle>()>;

  /// `feeders` stop dispatching meanwhile, those of `cycle` take no offers; both may be empty.
  Pressure(Queues feeders, Queues cycle) : feeders_(std::move(feeders)), cycle_(std::move(cycle)) {}

  void update(State& state) const {
    const Limits& limits = state.limits;
    bool& above = state.live.above_high_water;
    if (above ? is_above(state, limits.low_water_percent)
              : !is_above(state, limits.high_water_percent)) {
      return;
    }
    above = !above;
    tell(feeders_, {above, false});
    tell(cycle_, {above, true});
  }

 private:
  static void tell(const Queues& queues, PressureMessage message) {
    if (!queues) return;
    for (const QueueHandle& queue : queues()) caf::anon_send(queue, message);
  }

  Queues feeders_;
  Queues cycle_;
};

}  // namespace millrace::queues
