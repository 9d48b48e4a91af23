// DeterministicActorSystem: a CAF actor system for tests. It runs in the calling thread, one
// message at a time, in an order that a seed decides, on clocks that move only by advance(), and
// set_clock() for the wall clock.
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
  /// `seed` orders actors that have messages; 0: the order in which messages were sent.
  explicit DeterministicActorSystem(std::uint64_t seed);

  /// Requires: every actor has got an exit message. Runs the rest of their messages.
  ~DeterministicActorSystem() override { drain(); }
  DeterministicActorSystem(const DeterministicActorSystem&) = delete;
  DeterministicActorSystem& operator=(const DeterministicActorSystem&) = delete;

  [[nodiscard]] caf::actor_system& system() { return system_; }

  /// Lets one actor handle one message. Returns false if no actor has a message.
  bool step();
  /// Calls step() until it returns false.
  void drain() {
    while (step()) continue;
  }

  /// Advances the clock and sends the delayed messages that fall due; step() delivers them.
  void advance(std::chrono::microseconds span);

  /// Sets the wall clock forwards, or back if `by_us` is negative.
  void set_clock(DurationUs by_us) { ahead_us_ += by_us; }

  [[nodiscard]] TimeUs now_us() const override { return steady_us() + ahead_us_; }
  [[nodiscard]] SteadyUs steady_us() const override {
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
  DurationUs ahead_us_ = 0;  ///< of the wall clock
};

}  // namespace millrace
