// run_workflow(): a complete run of the order workflow in a MiniPipeline, by seed.
#pragma once

#include <memory>

#include "apps/orders/audit/audit.hpp"
#include "apps/orders/gateway/simulated_gateway.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "tests/orders/mini_pipeline.hpp"

namespace millrace::orders::testing {

struct WorkflowRun {
  std::shared_ptr<MemoryGatewayBooks> books = std::make_shared<MemoryGatewayBooks>();
  std::shared_ptr<const LoadPlan> load{};
  DurableView view{};
  audit::Witness witness{};
  audit::RunFacts facts{};
  std::uint64_t dead_letters = 0;
  std::chrono::nanoseconds handler_time{0};
  std::uint64_t handled = 0;

  [[nodiscard]] audit::AuditReport audit() const { return audit::audit(view, witness, facts); }
};

struct WorkflowOptions {
  std::uint64_t seed = 1;
  std::uint64_t orders = 500;
  std::uint32_t customers = 50;
  std::uint32_t skus = 40;
  double gateway_faults = 0.02;
  Mischief mischief{};
  Sabotage sabotage{};
  /// Wraps the gateway that the stages call. Empty: the stages call the gateway itself.
  std::function<std::shared_ptr<Gateway>(std::shared_ptr<Gateway>)> wrap_gateway{};
  int steps_per_order = 20;    ///< steps between two orders; with fewer, more are in flight
  bool is_usual_load = false;  ///< rates of a usual run instead of many refusals
};

/// Places all orders and their duplicates while earlier ones are in flight, runs until all queues
/// are idle, resumes half of the paused orders, and runs until all queues are idle again.
[[nodiscard]] WorkflowRun run_workflow(const WorkflowOptions& options);

}  // namespace millrace::orders::testing
