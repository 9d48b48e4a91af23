// The payment gateway as an actor: somebody else's system, with threads of its own that block.
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

/// An actor system apart from the node's, in which gateway desks stand side by side; each serves
/// one batch of calls at a time. Calls may come from any thread.
class GatewayHost final : public orders::Gateway {
 public:
  /// `books` must outlive the host and allow for `desks` writers of different pages.
  GatewayHost(const orders::SimulatedGateway::Options& options, orders::GatewayBooks& books,
              std::size_t desks);
  ~GatewayHost() override;

  /// Asks the next desk. Without an answer in time there is none, which the caller takes as
  /// unknown.
  [[nodiscard]] std::vector<orders::GatewayAnswer> call(
      std::span<const orders::GatewayCall> calls) override;

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> desks_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace millrace::simulate
