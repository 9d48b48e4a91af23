#include "apps/orders/stages/ship.hpp"

#include "apps/orders/chance.hpp"

namespace millrace::orders {
namespace {

void ship(const ShippingPlan& plan, const ShipmentRequest& request, Keyed<Shipment>& shipment) {
  if (shipment.exists()) return;
  if (plan.fails(request.order_id())) {
    shipment.change().set_state(Shipment::FAILED);
    return;
  }
  shipment.change().set_state(Shipment::CREATED);
  ShipmentEffect effect;
  effect.set_kind(ShipmentEffect::CREATED);
  *effect.mutable_lines() = request.lines();
  shipment.record(effect);
}

void cancel(Keyed<Shipment>& shipment) {
  if (shipment.exists() && shipment->state() == Shipment::CANCELLED) return;
  if (shipment.exists() && shipment->state() == Shipment::CREATED) {
    ShipmentEffect effect;
    effect.set_kind(ShipmentEffect::CANCELLED);
    shipment.record(effect);
  }
  shipment.change().set_state(Shipment::CANCELLED);
}

}  // namespace

bool ShippingPlan::fails(std::string_view order_id) const {
  return Chance(seed, "shipping", order_id).happens(failure_rate);
}

Outcome<OrderEvent> Ship::operator()(const ShipmentRequest& request,
                                     Keyed<Shipment>& shipment) const {
  OrderEvent event;
  event.set_order_id(request.order_id());
  ShipmentAnswer& answer = *event.mutable_shipment();
  answer.set_verb(request.verb());
  switch (request.verb()) {
    case SHIP:
      ship(plan_, request, shipment);
      answer.set_failed(shipment->state() != Shipment::CREATED);
      return event;
    case CANCEL:
      cancel(shipment);
      return event;
    default:
      return Reject{"unknown shipment request " + std::to_string(request.verb())};
  }
}

}  // namespace millrace::orders
