// Stage validate: passes each order on once, marked valid or invalid.
#pragma once

#include <cstdint>
#include <string>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

inline constexpr int lines_max = 10;
inline constexpr std::uint32_t quantity_max = 1'000;
inline constexpr std::int64_t unit_price_minor_max = 100'000'000;
inline constexpr std::int64_t freight_minor_max = 10'000'000;

/// Returns a readable reason why `order` is invalid, or an empty string.
[[nodiscard]] std::string find_fault(const OrderPlaced& order);

/// Keyed by order id. Acks a duplicate without output. Passes an invalid order on, so that it ends
/// as REJECTED; rejects an order without order id or customer id to the dead letter queue, because
/// no customer could be notified.
struct Validate {
  Outcome<OrderEvent> operator()(const OrderPlaced& order, Keyed<Validated>& seen) const;
};

}  // namespace millrace::orders
