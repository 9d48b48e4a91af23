// LoadGenerator: places the orders of one node of a simulation.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "actors/base/clock.hpp"
#include "actors/runtime/sender.hpp"
#include "apps/orders/load/arrival.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Wakes threads that wait for finished orders. Thread-safe.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  /// Blocks for at most `span`, or until `until()` is true after a ring. Calls `until` under the
  /// lock.
  template <class Until>
  void wait(std::chrono::microseconds span, Until until) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, span, until);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Places the orders of this node, in the same sequence at each start of the node; the sender skips
/// the orders that are already durable.
class LoadGenerator {
 public:
  struct Surroundings {
    const orders::LoadPlan& plan;
    const orders::Arrival& arrival;
    WitnessMemory& witness;
    std::uint32_t node;
    Bell& bell;
    const Clock& clock;
    const std::atomic<bool>& is_stopping;  ///< if set, run() places no more orders
  };

  explicit LoadGenerator(const Surroundings& surroundings) : in_(surroundings) {}

  /// Blocks until all orders are durable. Fails as Sender::offer() does, or with `draining` if
  /// stopped.
  [[nodiscard]] Result<void> run(Sender<orders::OrderPlaced>& sender);

 private:
  void note_attempt(OrderPage& page, SteadyUs due_us);
  [[nodiscard]] std::optional<SteadyUs> wait_until_due(std::uint64_t number);

  Surroundings in_;
};

}  // namespace millrace::simulate
