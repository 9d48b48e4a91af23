// Stage stock: reserves, confirms and releases the pieces of one SKU.
#pragma once

#include <memory>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/stock/stock_plan.hpp"

namespace millrace::orders {

/// Keyed by SKU.
///
///                    no stock
///        RESERVE ──────────────▶ refused ──────RELEASE──────┐
///           │                                               ▼
///           └──▶ reserved ──CONFIRM (pieces leave)──▶ closed: forgotten
///                        └──RELEASE (pieces return)──────▶
///
/// A line that is open answers a repeated RESERVE as the first time. CONFIRM and RELEASE of a line
/// that is not open change nothing and are answered as done: a saga asks for either only after
/// RESERVE, and for one of them only, so the line was closed by an earlier asking.
class ReserveStock {
 public:
  explicit ReserveStock(std::shared_ptr<const StockPlan> plan) : plan_(std::move(plan)) {}

  Outcome<OrderEvent> operator()(const StockRequest& request, Keyed<Stock>& stock) const;

 private:
  std::shared_ptr<const StockPlan> plan_;
};

}  // namespace millrace::orders
