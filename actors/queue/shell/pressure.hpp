// Pressure: makes upstream queues stop leasing while this queue is above its high water, until it
// is below its low water. Part of the queue's shell; runs on its thread.
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
  using ListQueues = std::function<std::vector<QueueHandle>()>;

  /// `feeders` lists the queues that stop leasing, `cycle` those that refuse offers; either may be
  /// empty. Each is called when the queue passes its high water; it must not throw.
  Pressure(ListQueues feeders, ListQueues cycle)
      : feeders_(std::move(feeders)), cycle_(std::move(cycle)) {}

  /// Compares the backlog with high and low water, and notifies the other queues of a change. A
  /// staged queue exerts no pressure, because its messages still belong to another node.
  void update(State& state) {
    const Limits& limits = state.limits;
    bool& above = state.live.above_high_water;
    if (above) {
      if (!is_above(state, limits.low_water_percent)) release(state);
      return;
    }
    const bool is_staged = state.declaration && state.declaration->staged();
    if (is_staged || !is_above(state, limits.high_water_percent)) return;
    above = true;
    if (feeders_) blocked_ = feeders_();
    if (cycle_) closed_ = cycle_();
    notify(blocked_, {true, false});
    notify(closed_, {true, true});
  }

  /// Ends the pressure on exactly the queues that were notified of it, even if the wiring has
  /// changed since.
  void release(State& state) {
    if (!state.live.above_high_water) return;
    state.live.above_high_water = false;
    notify(std::exchange(blocked_, {}), {false, false});
    notify(std::exchange(closed_, {}), {false, true});
  }

 private:
  static void notify(const std::vector<QueueHandle>& queues, PressureMessage message) {
    for (const QueueHandle& queue : queues) caf::anon_send(queue, message);
  }

  ListQueues feeders_;
  ListQueues cycle_;
  std::vector<QueueHandle> blocked_;  ///< notified to stop leasing; empty below high water
  std::vector<QueueHandle> closed_;   ///< notified to refuse offers; empty below high water
};

}  // namespace millrace::queues
