// Stage stock: reserves, confirms and releases the pieces of one SKU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/stages/stock_plan.hpp"

namespace millrace::orders {

/// Names one line of one order within a SKU: XXH3 of both. Two open lines of one SKU with one hash
/// would be taken for each other; with a thousand open lines that is once in 10^13 SKUs.
[[nodiscard]] std::uint64_t line_hash(std::string_view order_id, std::uint32_t line);

/// Position of the line in the lists, or nullopt where it is not open.
[[nodiscard]] std::optional<int> find_open_line(const Stock& stock, std::uint64_t line);

/// Adds a line. `quantity` 0 says that it was refused.
void add_open_line(Stock& stock, std::uint64_t line, std::uint32_t quantity,
                   std::uint64_t reservation);

/// Removes the line at `position`; the last one takes its place.
void remove_open_line(Stock& stock, int position);

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
