// The queues of the order workflow: names, types and keys.
#pragma once

#include "actors/stage/queue_ref.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Orders placed by customers. Key: order id.
[[nodiscard]] const QueueRef<OrderPlaced>& placed_queue();
/// Inputs of the saga. Key: order id.
[[nodiscard]] const QueueRef<OrderEvent>& events_queue();
/// Key: SKU.
[[nodiscard]] const QueueRef<StockRequest>& stock_queue();
/// Key: customer id.
[[nodiscard]] const QueueRef<PaymentRequest>& payments_queue();
/// Key: order id.
[[nodiscard]] const QueueRef<ShipmentRequest>& shipping_queue();
/// Key: customer id.
[[nodiscard]] const QueueRef<Notification>& notifications_queue();
/// Orders that became final or PAUSED; read by the application that places orders. Key: order id.
[[nodiscard]] const QueueRef<OrderFinished>& finished_queue();

}  // namespace millrace::orders
