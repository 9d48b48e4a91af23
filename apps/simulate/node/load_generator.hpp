// LoadGenerator: the customers of one node.
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

/// Thread-safe.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  /// Waits for `span`, or until `until` is true at a ring.
  template <class Until>
  void wait(std::chrono::microseconds span, Until until) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, span, until);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Places the orders that are this node's, in the same sequence at each start; what was durable
/// before is passed over.
class LoadGenerator {
 public:
  struct Surroundings {
    const orders::LoadPlan& plan;
    const orders::Arrival& arrival;
    WitnessMemory& witness;
    std::uint32_t node;
    Bell& bell;
    const Clock& clock;
    const std::atomic<bool>& is_stopping;  ///< then no more orders are placed
  };

  explicit LoadGenerator(const Surroundings& surroundings) : in_(surroundings) {}

  /// Blocks until all is durable. Fails as the sender does, and with `draining` when stopped.
  [[nodiscard]] Result<void> run(Sender<orders::OrderPlaced>& sender);

 private:
  void note_attempt(OrderPage& page, TimeUs due_us);
  [[nodiscard]] std::optional<TimeUs> wait_until_due(std::uint64_t number);

  Surroundings in_;
};

}  // namespace millrace::simulate
