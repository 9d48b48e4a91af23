#include "apps/orders/stages/saga.hpp"

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

namespace {

constexpr const char* timer_name = "answer";

void keep_time(const SagaStep& step, Keyed<Order, OrderEvent>& order, const std::string& order_id) {
  if (step.timer) {
    OrderEvent timeout;
    timeout.set_order_id(order_id);
    timeout.mutable_timeout()->set_round(order->round());
    order.set_timer(timer_name, *step.timer, timeout);
  } else if (step.clears_timer) {
    order.clear_timer(timer_name);
  }
}

void record(const SagaStep& step, Keyed<Order>& order, TimeUs now_us) {
  for (const SagaEntry& entered : step.entries) {
    OrderEntry entry;
    entry.set_status(entered.status);
    entry.set_at_us(now_us);
    entry.set_cause(entered.cause);
    entry.set_detail(entered.detail);
    order.record(entry);
  }
}

void tell_customer(Routed& out, const SagaStep& step, const Order& order,
                   const std::string& order_id) {
  Notification notification;
  for (const SagaEntry& entered : step.entries) {
    if (entered.is_first) notification.add_status(entered.status);
  }
  if (notification.status_size() == 0) return;
  notification.set_customer_id(order.customer_id());
  notification.set_order_id(order_id);
  out.to(notifications_queue(), notification);
}

void tell_driver(Routed& out, const Order& order, const std::string& order_id, TimeUs now_us) {
  OrderFinished finished;
  finished.set_order_id(order_id);
  finished.set_status(order.status());
  finished.set_placed_at_us(order.placed_at_us());
  finished.set_finished_at_us(now_us);
  out.to(finished_queue(), finished);
}

}  // namespace

Outcome<Routed> Saga::operator()(const OrderEvent& event, Keyed<Order, OrderEvent>& order,
                                 const Context& context) const {
  SagaStep step;
  if (order.exists()) {
    if (!concerns(*order, event)) return {};
    step = advance(order.change(), event, options_);
  } else {
    if (!event.has_placed()) return Reject{"unknown order " + event.order_id()};
    step = begin(order.change(), event.placed(), context.now_us(), options_);
  }

  keep_time(step, order, event.order_id());
  record(step, order, context.now_us());
  Routed out;
  for (const SagaRequest& request : step.requests) {
    send(out, *order, event.order_id(), request);
  }
  if (step.settle_charge) settle(out, *order, event.order_id(), *step.settle_charge);
  tell_customer(out, step, *order, event.order_id());
  if (step.is_finished) tell_driver(out, *order, event.order_id(), context.now_us());
  return out;
}

}  // namespace millrace::orders
