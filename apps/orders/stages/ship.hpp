// Stage shipping: creates at most one shipment per order, or refuses.
#pragma once

#include <cstdint>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Selects the orders that cannot be shipped, as a pure function of (seed, order id).
struct ShippingPlan {
  std::uint64_t seed = 0;
  double failure_rate = 0.005;  ///< 0 to 1

  [[nodiscard]] bool fails(std::string_view order_id) const;
};

/// Keyed by order id. The first SHIP decides; duplicates get the same answer. CANCEL always
/// succeeds; a SHIP after CANCEL is refused.
class Ship {
 public:
  explicit Ship(ShippingPlan plan) : plan_(plan) {}

  Outcome<OrderEvent> operator()(const ShipmentRequest& request, Keyed<Shipment>& shipment) const;

 private:
  ShippingPlan plan_;
};

}  // namespace millrace::orders
