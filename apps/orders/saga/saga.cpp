#include "apps/orders/saga/saga.hpp"

#include "apps/orders/queues.hpp"
#include "apps/orders/saga/requests.hpp"

namespace millrace::orders {
namespace {

constexpr const char* timer_name = "answer";

void keep_time(const SagaStep& step, Keyed<Order>& order, const std::string& order_id) {
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

Outcome<Routed> Saga::operator()(const OrderEvent& event, Keyed<Order>& order,
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
