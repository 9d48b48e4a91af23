#include "apps/orders/stages/validate.hpp"

#include <algorithm>

namespace millrace::orders {
namespace {

bool is_currency(const std::string& text) {
  return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string find_fault_of_line(const OrderLine& line) {
  if (line.sku().empty()) return "no SKU";
  if (line.quantity() < 1 || line.quantity() > quantity_max) {
    return "quantity must be 1 to " + std::to_string(quantity_max) + ", got " +
           std::to_string(line.quantity());
  }
  if (line.unit_price_minor() < 0 || line.unit_price_minor() > unit_price_minor_max) {
    return "unit price out of range: " + std::to_string(line.unit_price_minor());
  }
  return {};
}

}  // namespace

std::string find_fault(const OrderPlaced& order) {
  if (order.lines_size() < 1 || order.lines_size() > lines_max) {
    return "an order has 1 to " + std::to_string(lines_max) + " lines, got " +
           std::to_string(order.lines_size());
  }
  if (!is_currency(order.currency())) return "currency must be three capital letters";
  if (order.freight_minor() < 0 || order.freight_minor() > freight_minor_max) {
    return "freight out of range: " + std::to_string(order.freight_minor());
  }
  // Cannot overflow: the limits above bound the sum.
  std::int64_t total_minor = order.freight_minor();
  for (int i = 0; i < order.lines_size(); ++i) {
    const OrderLine& line = order.lines(i);
    std::string fault = find_fault_of_line(line);
    if (!fault.empty()) return "line " + std::to_string(i + 1) + ": " + fault;
    total_minor += line.quantity() * line.unit_price_minor();
  }
  if (order.total_minor() != total_minor) {
    return "total is " + std::to_string(total_minor) + ", not " +
           std::to_string(order.total_minor());
  }
  return {};
}

Outcome<OrderEvent> Validate::operator()(const OrderPlaced& order, Keyed<Validated>& seen) const {
  if (order.order_id().empty()) return Reject{"an order needs an order id"};
  if (order.customer_id().empty()) return Reject{"an order needs a customer id"};
  if (seen.exists()) return {};

  OrderEvent event;
  event.set_order_id(order.order_id());
  PlacedEvent& placed = *event.mutable_placed();
  *placed.mutable_order() = order;
  placed.set_reject_reason(find_fault(order));

  const bool rejected = !placed.reject_reason().empty();
  seen.change().set_rejected(rejected);
  ValidationEffect effect;
  effect.set_rejected(rejected);
  effect.set_reason(placed.reject_reason());
  seen.record(effect);
  return event;
}

}  // namespace millrace::orders
