// Stage validate: lets each order in once, and says whether it makes sense.
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

/// Why `order` cannot be accepted, for people; empty where it can.
[[nodiscard]] std::string find_fault(const OrderPlaced& order);

/// Keyed by order id. An order offered again is acknowledged and goes no further. An order that
/// makes no sense goes on all the same, to end as REJECTED; only one without an order or customer
/// id, which nobody could ever be told about, is a dead letter.
struct Validate {
  Outcome<OrderEvent> operator()(const OrderPlaced& order, Keyed<Validated>& seen) const;
};

}  // namespace millrace::orders
