// The order workflow as a pipeline: which stage reads which queue, and with which options.
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

/// What the stages need to know beside their messages.
struct OrderWorkflow {
  std::shared_ptr<const StockPlan> stock{};
  std::shared_ptr<Gateway> gateway{};  ///< called by all payment workers: must be safe for that
  CreditPlan credit{};
  ShippingPlan shipping{};
  SagaOptions saga{};
  std::uint32_t payment_workers = 4;  ///< blocking: threads of their own
};

/// One chain for each stage; the saga is in the middle of all of them. Orders come in through
/// placed_queue(), and finished_queue() is left for whoever placed them.
[[nodiscard]] PipelineSpec order_pipeline(const OrderWorkflow& workflow);

}  // namespace millrace::orders
