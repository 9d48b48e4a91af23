// Notify: each status of a notification becomes one entry of the inbox of the customer.
#include "apps/orders/stages/notify.hpp"

#include <gtest/gtest.h>

#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

TEST(Notify, EachStatusBecomesOneEntryInOrder) {
  testing::KeyStore<Notified> store("c1");
  Notification notification;
  notification.set_order_id("o1");
  notification.add_status(PLACED);
  notification.add_status(RESERVING);
  auto keyed = store.open();
  Notify{}(notification, keyed);
  store.commit(keyed);

  const auto inbox = store.history<NotificationEffect>();
  ASSERT_EQ(inbox.size(), 2u);
  EXPECT_EQ(inbox[0].status(), PLACED);
  EXPECT_EQ(inbox[1].status(), RESERVING);
  EXPECT_EQ(inbox[1].number(), 2u);
  EXPECT_EQ(inbox[1].order_id(), "o1");
  EXPECT_EQ(store.state().count(), 2u);
}

}  // namespace
}  // namespace millrace::orders
