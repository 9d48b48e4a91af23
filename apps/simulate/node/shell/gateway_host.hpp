// GatewayHost: the simulated payment gateway in an actor system of its own, with blocking threads.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "apps/orders/gateway/simulated_gateway.hpp"

namespace millrace::simulate {

/// Runs `desks` gateway actors in an actor system separate from that of the node; each handles one
/// batch of calls at a time. Thread-safe.
class GatewayHost final : public orders::Gateway {
 public:
  /// `books` must outlive this object and allow `desks` concurrent writers of different pages.
  GatewayHost(const orders::SimulatedGateway::Options& options, orders::GatewayBooks& books,
              std::size_t desks);
  ~GatewayHost() override;

  /// Sends the calls to the next desk, in turn, and blocks for its answers. Returns no answers on a
  /// timeout; the caller treats a missing answer as `unknown`.
  [[nodiscard]] std::vector<orders::GatewayAnswer> call(
      std::span<const orders::GatewayCall> calls) override;

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> desks_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace millrace::simulate
