#include "apps/orders/stages/notify.hpp"

namespace millrace::orders {

void Notify::operator()(const Notification& notification, Keyed<Notified>& inbox) const {
  Notified& state = inbox.change();
  NotificationEffect effect;
  effect.set_order_id(notification.order_id());
  for (const int status : notification.status()) {
    state.set_count(state.count() + 1);
    effect.set_status(static_cast<Status>(status));
    effect.set_number(state.count());
    inbox.record(effect);
  }
}

}  // namespace millrace::orders
