// Entry point of the order workflow: a pipeline of all stages with their queues and options.
#pragma once

#include <cstdint>
#include <memory>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/stages/account_core.hpp"
#include "apps/orders/stages/saga_core.hpp"
#include "apps/orders/stages/ship.hpp"
#include "apps/orders/stages/stock_plan.hpp"

namespace millrace::orders {

/// Dependencies and options of the stages.
struct OrderWorkflow {
  std::shared_ptr<const StockPlan> stock{};
  std::shared_ptr<Gateway> gateway{};  ///< shared by all payment workers: must be thread-safe
  CreditPlan credit{};
  ShippingPlan shipping{};
  SagaOptions saga{};
  std::uint32_t payment_workers = 4;  ///< blocking; each has its own thread
};

/// Builds the pipeline: one chain per stage, all connected through the saga. Orders enter through
/// placed_queue(). The caller reads finished_queue().
[[nodiscard]] PipelineSpec order_pipeline(const OrderWorkflow& workflow);

}  // namespace millrace::orders
