// Plants violations of I8 to I12 and of the ledger in a clean run. The audit must report exactly
// the planted one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/planted_run.hpp"

namespace millrace::orders {
namespace {

using ::testing::ElementsAre;

class AuditHistory : public testing::PlantedRun {
 protected:
  KeyView& saga(Status status) { return key("orders.events", order_with(status)); }

  KeyView& inbox_of(const std::string& order) {
    return key("orders.notifications", customer_of(order));
  }
};

TEST_F(AuditHistory, ATransitionThatIsNotAllowedBreaksI8) {
  KeyView& order = saga(SHIPPED);
  order.history.insert(order.history.begin() + 2, order.history[2]);  // RESERVED twice
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditHistory, DecreasingTimesOfStatusesBreakI8) {
  edit_history<OrderEntry>(saga(SHIPPED), [](OrderEntry& entry) {
    if (entry.status() == PAID) entry.set_at_us(1);
    return entry.status() == PAID;
  });
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditHistory, DecreasingTimesOfRecordsBreakI8) {
  busy_sku().history.back().at_us = 1;
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditHistory, AMissingConfirmedOrderBreaksI9) {
  run_.witness.attempted.push_back(true);
  run_.witness.ok.push_back(true);
  EXPECT_THAT(broken(), ElementsAre("I9"));
  EXPECT_EQ(report_.lost, 1u);
}

TEST_F(AuditHistory, AnUnconfirmedOrderMayBeMissing) {
  run_.witness.attempted.push_back(true);
  run_.witness.ok.push_back(false);
  EXPECT_TRUE(broken().empty());
  EXPECT_EQ(report_.attempted, report_.accounted + 1);
}

TEST_F(AuditHistory, AnOrderThatNobodyPlacedBreaksI9) {
  run_.witness.attempted[17] = false;
  EXPECT_THAT(broken(), ElementsAre("I9"));
  EXPECT_EQ(report_.unexpected, 1u);
}

TEST_F(AuditHistory, AnOrderThatIsNotFinalBreaksI9) {
  const std::string order = order_with(OUT_OF_STOCK);
  remove<OrderEntry>(key("orders.events", order),
                     [](const OrderEntry& entry) { return entry.status() == OUT_OF_STOCK; });
  edit<Order>(key("orders.events", order), [](Order& state) { state.set_status(RELEASING); });
  remove<NotificationEffect>(inbox_of(order), [&](const NotificationEffect& effect) {
    return effect.order_id() == order && effect.status() == OUT_OF_STOCK;
  });
  EXPECT_THAT(broken(), ElementsAre("I9"));
}

TEST_F(AuditHistory, ARemainingMessageOrTimerBreaksI9) {
  QueueView& queue = shard("stock.requests");
  ++queue.ledger.offered;
  queue.messages.emplace_back();
  EXPECT_THAT(broken(), ElementsAre("I9"));
  --queue.ledger.offered;
  queue.messages.clear();
  queue.timers = 1;
  EXPECT_THAT(broken(), ElementsAre("I9"));
}

TEST_F(AuditHistory, AnEffectForAnOrderThatDoesNotExistBreaksI9) {
  NotificationEffect effect;
  effect.set_order_id("ghost");
  effect.set_number(1'000'000);
  append(key("orders.notifications"), effect);
  EXPECT_THAT(broken(), ElementsAre("I9"));
}

TEST_F(AuditHistory, AnOrderAcceptedTwiceBreaksI10) {
  KeyView& validated = key("orders.placed");
  append(validated, parse<ValidationEffect>(validated.history[0].value));
  EXPECT_THAT(broken(), ElementsAre("I10"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditHistory, AnOrderThatWasNeverAcceptedBreaksI10) {
  key("orders.placed").history.clear();
  EXPECT_THAT(broken(), ElementsAre("I10"));
}

TEST_F(AuditHistory, EffectsNotInTheOrderOfTheirInputsBreakI11) {
  KeyView& sku = busy_sku();
  std::swap(sku.history[3].input, sku.history[9].input);
  EXPECT_THAT(broken(), ElementsAre("I11"));
  EXPECT_GT(report_.order_violations, 0u);
}

TEST_F(AuditHistory, ADuplicateVersionBreaksI11) {
  KeyView& inbox = key("orders.notifications");
  const auto first = parse<NotificationEffect>(inbox.history[0].value);
  auto second = parse<NotificationEffect>(inbox.history[1].value);
  second.set_number(first.number());
  inbox.history[1].value = second.SerializeAsString();
  EXPECT_THAT(broken(), ElementsAre("I11"));
}

TEST_F(AuditHistory, AMissingNotificationBreaksI12) {
  const std::string order = order_with(SHIPPED);
  remove<NotificationEffect>(inbox_of(order), [&](const NotificationEffect& effect) {
    return effect.order_id() == order && effect.status() == SHIPPED;
  });
  EXPECT_THAT(broken(), ElementsAre("I12"));
}

TEST_F(AuditHistory, ADuplicateNotificationBreaksI12) {
  KeyView& inbox = inbox_of(order_with(SHIPPED));
  auto effect = parse<NotificationEffect>(inbox.history.back().value);
  effect.set_number(effect.number() + 1);
  append(inbox, effect);
  EXPECT_THAT(broken(), ElementsAre("I12"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditHistory, ANotificationOfAStatusNeverEnteredBreaksI12) {
  const std::string order = order_with(SHIPPED);
  KeyView& inbox = inbox_of(order);
  auto effect = parse<NotificationEffect>(inbox.history.back().value);
  effect.set_order_id(order);
  effect.set_status(CANCELLED);
  effect.set_number(effect.number() + 1);
  append(inbox, effect);
  EXPECT_THAT(broken(), ElementsAre("I12"));
}

TEST_F(AuditHistory, AVanishedMessageBreaksTheLedger) {
  ++shard("orders.events").ledger.offered;
  EXPECT_THAT(broken(), ElementsAre("ledger"));
}

TEST_F(AuditHistory, BytesThatCannotBeParsedAreReported) {
  key("orders.placed").value = "\xff\xff";
  EXPECT_THAT(broken(), ElementsAre("readable"));
}

}  // namespace
}  // namespace millrace::orders
