#include "apps/orders/queues.hpp"

namespace millrace::orders {

const QueueRef<OrderPlaced>& placed_queue() {
  static const auto ref = queue<OrderPlaced>("orders.placed").key_by(&OrderPlaced::order_id);
  return ref;
}

const QueueRef<OrderEvent>& events_queue() {
  static const auto ref = queue<OrderEvent>("orders.events").key_by(&OrderEvent::order_id);
  return ref;
}

const QueueRef<StockRequest>& stock_queue() {
  static const auto ref = queue<StockRequest>("stock.requests").key_by(&StockRequest::sku);
  return ref;
}

const QueueRef<PaymentRequest>& payments_queue() {
  static const auto ref =
      queue<PaymentRequest>("payments.requests").key_by(&PaymentRequest::customer_id);
  return ref;
}

const QueueRef<ShipmentRequest>& shipping_queue() {
  static const auto ref =
      queue<ShipmentRequest>("shipping.requests").key_by(&ShipmentRequest::order_id);
  return ref;
}

const QueueRef<Notification>& notifications_queue() {
  static const auto ref =
      queue<Notification>("orders.notifications").key_by(&Notification::customer_id);
  return ref;
}

const QueueRef<OrderFinished>& finished_queue() {
  static const auto ref = queue<OrderFinished>("orders.finished").key_by(&OrderFinished::order_id);
  return ref;
}

}  // namespace millrace::orders
