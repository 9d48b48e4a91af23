#include "apps/orders/saga/requests.hpp"

#include "actors/base/assert.hpp"
#include "apps/orders/queues.hpp"

namespace millrace::orders {
namespace {

void send_stock(Routed& out, const Order& order, const std::string& order_id,
                const SagaRequest& request, StockVerb verb) {
  const OrderLine& line = order.lines(static_cast<int>(request.part));
  StockRequest message;
  message.set_sku(line.sku());
  message.set_order_id(order_id);
  message.set_line(request.part);
  message.set_verb(verb);
  if (verb == RESERVE) message.set_quantity(line.quantity());
  message.set_reservation(request.reservation);
  out.to(stock_queue(), message);
}

void send_payment(Routed& out, const Order& order, const std::string& order_id, PaymentVerb verb,
                  std::uint64_t charge = 0) {
  PaymentRequest message;
  message.set_customer_id(order.customer_id());
  message.set_order_id(order_id);
  message.set_verb(verb);
  message.set_charge(charge);
  if (verb != SETTLE) {
    message.set_amount_minor(order.invoice_minor());
    message.set_currency(order.currency());
  }
  out.to(payments_queue(), message);
}

void send_shipment(Routed& out, const Order& order, const std::string& order_id,
                   ShipmentVerb verb) {
  ShipmentRequest message;
  message.set_order_id(order_id);
  message.set_customer_id(order.customer_id());
  message.set_verb(verb);
  if (verb == SHIP) {
    for (const OrderLine& line : order.lines()) {
      ShipmentLine& shipped = *message.add_lines();
      shipped.set_sku(line.sku());
      shipped.set_quantity(line.quantity());
    }
  }
  out.to(shipping_queue(), message);
}

}  // namespace

void send(Routed& out, const Order& order, const std::string& order_id,
          const SagaRequest& request) {
  switch (request.question) {
    case ASK_RESERVE:
      return send_stock(out, order, order_id, request, RESERVE);
    case ASK_CONFIRM:
      return send_stock(out, order, order_id, request, CONFIRM);
    case ASK_RELEASE:
      return send_stock(out, order, order_id, request, RELEASE);
    case ASK_AUTHORISE:
      return send_payment(out, order, order_id, AUTHORISE);
    case ASK_CAPTURE:
      return send_payment(out, order, order_id, CAPTURE);
    case ASK_REFUND:
      return send_payment(out, order, order_id, REFUND);
    case ASK_SHIP:
      return send_shipment(out, order, order_id, SHIP);
    case ASK_CANCEL_SHIPMENT:
      return send_shipment(out, order, order_id, CANCEL);
    default:
      MILLRACE_ASSERT(false);
  }
}

void settle(Routed& out, const Order& order, const std::string& order_id, std::uint64_t charge) {
  send_payment(out, order, order_id, SETTLE, charge);
}

}  // namespace millrace::orders
