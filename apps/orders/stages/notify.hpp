// Stage notify: tells the customer each new status of an order, once.
#pragma once

#include "actors/stage/keyed.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Keyed by customer id. Keeps no memory of which statuses were told: the saga names each status of
/// an order once, and the step that asks for it is done once. The history is the inbox.
struct Notify {
  void operator()(const Notification& notification, Keyed<Notified>& inbox) const;
};

}  // namespace millrace::orders
