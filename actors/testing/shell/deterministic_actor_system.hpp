// What runs actors in tests. DeterministicActorSystem: an actor system that runs in the calling
// thread, one message at a time, in an order that a seed decides, on a clock that only moves when
// it is told to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/base/clock.hpp"
#include "messages/caf_types.hpp"

namespace millrace {

class DeterministicActorSystem final : public Clock {
 public:
  /// Seed 0 keeps the order in which messages were sent.
  explicit DeterministicActorSystem(std::uint64_t seed);

  /// All actors must have been told to end before.
  ~DeterministicActorSystem() override { drain(); }
  DeterministicActorSystem(const DeterministicActorSystem&) = delete;
  DeterministicActorSystem& operator=(const DeterministicActorSystem&) = delete;

  [[nodiscard]] caf::actor_system& system() { return system_; }

  /// One actor takes one message; false when there is none.
  bool step();
  void drain() {
    while (step()) continue;
  }

  /// Moves the clock on and fires what falls due.
  void advance(std::chrono::microseconds span);

  [[nodiscard]] TimeUs now_us() const override {
    return to_us(coordinator_.clock().now().time_since_epoch());
  }

 private:
  class Config : public caf::actor_system_config {
   public:
    Config();
  };

  Config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& coordinator_;
  std::mt19937_64 random_;
  bool shuffles_;
};

}  // namespace millrace
