// Stage stock: reserves, confirms and releases pieces of a SKU.
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

/// Hash (XXH3) that identifies one line of one order within a SKU. A collision of two open lines
/// would confuse them; with 1,000 open lines its probability is 10^-13.
[[nodiscard]] std::uint64_t line_hash(std::string_view order_id, std::uint32_t line);

/// Index of the line in the lists, or nullopt if it is not open.
[[nodiscard]] std::optional<int> find_open_line(const Stock& stock, std::uint64_t line);

/// Adds a line. `quantity` 0: it was refused. REQUIRES: the line is not open.
void add_open_line(Stock& stock, std::uint64_t line, std::uint32_t quantity,
                   std::uint64_t reservation);

/// Removes the line at `position`; the last line moves to this index.
void remove_open_line(Stock& stock, int position);

/// Keyed by SKU.
///
///                    no stock
///        RESERVE ──────────────▶ refused ──────RELEASE──────┐
///           │                                               ▼
///           └──▶ reserved ──CONFIRM (pieces leave)──▶ closed: forgotten
///                        └──RELEASE (pieces return)──────▶
///
/// A repeated RESERVE of an open line gets the first answer. CONFIRM or RELEASE of a line that is
/// not open changes nothing and succeeds: a saga sends only one of the two, after RESERVE, so an
/// earlier request closed the line.
class ReserveStock {
 public:
  explicit ReserveStock(std::shared_ptr<const StockPlan> plan) : plan_(std::move(plan)) {}

  Outcome<OrderEvent> operator()(const StockRequest& request, Keyed<Stock>& stock) const;

 private:
  std::shared_ptr<const StockPlan> plan_;
};

}  // namespace millrace::orders
