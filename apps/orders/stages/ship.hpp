// Stage shipping: creates one shipment for an order, or says that it cannot.
#pragma once

#include <cstdint>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Which orders cannot be shipped: a pure function of (seed, order id).
struct ShippingPlan {
  std::uint64_t seed = 0;
  double failure_rate = 0.005;  ///< 0 to 1

  [[nodiscard]] bool fails(std::string_view order_id) const;
};

/// Keyed by order id. The first request decides, and repeats are answered alike. CANCEL is always
/// granted; a SHIP that comes after it fails.
class Ship {
 public:
  explicit Ship(ShippingPlan plan) : plan_(plan) {}

  Outcome<OrderEvent> operator()(const ShipmentRequest& request, Keyed<Shipment>& shipment) const;

 private:
  ShippingPlan plan_;
};

}  // namespace millrace::orders
