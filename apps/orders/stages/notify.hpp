// Stage notify: records each new status of an order in the inbox of its customer, once.
#pragma once

#include "actors/stage/keyed.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Keyed by customer id; the key's history is the inbox. Needs no duplicate check: the saga sends
/// each status of an order once, and the outcome of a message commits once.
struct Notify {
  void operator()(const Notification& notification, Keyed<Notified>& inbox) const;
};

}  // namespace millrace::orders
