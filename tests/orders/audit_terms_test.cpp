// Plants violations that only the witness shows: the nodes agree with each other, but not with the
// orders as placed, the offers as counted and the reports to the customers. The audit must report
// exactly the invariants that are broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/planted_run.hpp"

namespace millrace::orders {
namespace {

using ::testing::ElementsAre;

class AuditTerms : public testing::PlantedRun {
 protected:
  /// Changes the witnessed terms of `order`: its customer placed something else.
  void edit_placed(const std::string& order, std::function<void(audit::PlacedOrder&)> change) {
    const auto honest = run_.witness.placed;
    run_.witness.placed = [honest, order, change = std::move(change)](std::uint64_t number) {
      audit::PlacedOrder placed = honest(number);
      if (placed.order.order_id() == order) change(placed);
      return placed;
    };
  }

  /// Offer counts that agree with the view.
  audit::OfferCounts honest_counts() {
    queues::Ledger sum;
    for (const QueueView& queue : run_.view.queues) {
      if (queue.name == "orders.placed") sum += queue.ledger;
    }
    return {sum.offered + sum.duplicates, sum.duplicates};
  }
};

TEST_F(AuditTerms, AWrongInitialStockBreaksI2) {
  run_.facts.initial_stock = [honest = run_.facts.initial_stock](std::string_view sku) {
    return honest(sku) + (sku == "s3" ? 1 : 0);
  };
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditTerms, ALineThatRemainsOpenBreaksI2) {
  edit<Stock>(busy_sku(), [](Stock& stock) { stock.add_open_quantity(1); });
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditTerms, AChargeToAnotherCustomerBreaksI4) {
  edit_history<PaymentEffect>(
      key("payments.requests"),
      [&, other = order_with(REJECTED)](PaymentEffect& effect) {
        if (effect.kind() != PaymentEffect::AUTHORISED) return false;
        if (key("payments.requests").key == customer_of(other)) return false;
        effect.set_order_id(other);
        return true;
      },
      1);
  EXPECT_THAT(broken(), ElementsAre("I4"));
}

TEST_F(AuditTerms, APriceOtherThanPlacedBreaksI5) {
  edit_placed(order_with(SHIPPED), [](audit::PlacedOrder& placed) {
    placed.order.set_freight_minor(placed.order.freight_minor() + 1);
  });
  EXPECT_THAT(broken(), ElementsAre("I5"));
}

TEST_F(AuditTerms, GoodsOtherThanPlacedBreakI6AndI7) {
  edit_placed(order_with(SHIPPED), [](audit::PlacedOrder& placed) {
    placed.order.mutable_lines(0)->set_sku("another");
  });
  EXPECT_THAT(broken(), ElementsAre("I6", "I7"));
}

TEST_F(AuditTerms, AShipmentAfterItsRefundBreaksI6) {
  const std::string order = order_with(SHIPPED);
  KeyView& account = key("payments.requests", customer_of(order));
  for (std::size_t i = 0; i < account.history.size(); ++i) {
    const auto effect = parse<PaymentEffect>(account.history[i].value);
    if (effect.order_id() != order || effect.kind() != PaymentEffect::CAPTURED) continue;
    PaymentEffect refund = effect;
    refund.set_kind(PaymentEffect::REFUNDED);
    refund.set_amount_minor(0);
    HistoryView entry = account.history[i];
    entry.value = refund.SerializeAsString();
    account.history.insert(account.history.begin() + static_cast<std::ptrdiff_t>(i) + 1, entry);
    break;
  }
  EXPECT_THAT(broken(), ElementsAre("I11", "I6")) << "the planted entry duplicates a version, too";
}

TEST_F(AuditTerms, ALineConfirmedTwiceBreaksI7) {
  const std::string order = order_with(SHIPPED);
  KeyView& sku =
      key("stock.requests", parse<Order>(key("orders.events", order).value).lines(0).sku());
  append_stock(sku, StockEffect::RESERVED, order, 0, 1);
  append_stock(sku, StockEffect::CONFIRMED, order, 0, 1);
  EXPECT_TRUE(broken().contains("I7"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditTerms, ACompensationWithAnotherOutcomeBreaksI8) {
  const std::string order = order_with(OUT_OF_STOCK);
  edit<Order>(key("orders.events", order), [](Order& state) { state.set_status(CANCELLED); });
  const auto rename = [&](auto& entry) {
    if (entry.status() != OUT_OF_STOCK) return false;
    entry.set_status(CANCELLED);
    return true;
  };
  edit_history<OrderEntry>(key("orders.events", order), rename);
  edit_history<NotificationEffect>(
      key("orders.notifications", customer_of(order)),
      [&](NotificationEffect& effect) { return effect.order_id() == order && rename(effect); });
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditTerms, AValidOrderThatIsRejectedBreaksI8) {
  edit_placed(order_with(REJECTED), [](audit::PlacedOrder& placed) { placed.is_valid = true; });
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditTerms, AnInvalidOrderThatIsShippedBreaksI8) {
  edit_placed(order_with(SHIPPED), [](audit::PlacedOrder& placed) { placed.is_valid = false; });
  EXPECT_THAT(broken(), ElementsAre("I8"));
}

TEST_F(AuditTerms, AReportOfAnotherStatusBreaksI9) {
  run_.witness.notified = [](std::uint64_t /*order*/) {
    return SHIPPED;
  };
  EXPECT_THAT(broken(), ElementsAre("I9"));
}

TEST_F(AuditTerms, AMessageThatTakesEffectTwiceBreaksI11) {
  KeyView& sku = busy_sku();
  ASSERT_LT(sku.history[8].at_us, sku.history[9].at_us);
  sku.history[9].input = sku.history[8].input;
  EXPECT_THAT(broken(), ElementsAre("I11"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditTerms, ANotificationToAnotherCustomerBreaksI12) {
  const std::string order = order_with(SHIPPED);
  KeyView& inbox = key("orders.notifications", customer_of(order));
  KeyView& other = key("orders.notifications", customer_of(order) == "c1" ? "c2" : "c1");
  const auto moved = [&](const NotificationEffect& effect) {
    return effect.order_id() == order && effect.status() == SHIPPED;
  };
  remove<NotificationEffect>(inbox, moved);
  NotificationEffect effect;
  effect.set_order_id(order);
  effect.set_status(SHIPPED);
  effect.set_number(1'000'000);
  append(other, effect);
  EXPECT_THAT(broken(), ElementsAre("I12"));
}

TEST_F(AuditTerms, AnUncountedOfferBreaksTheLedger) {
  run_.witness.offers = honest_counts();
  EXPECT_TRUE(broken().empty());
  ++run_.witness.offers->offers;
  EXPECT_THAT(broken(), ElementsAre("ledger"));
}

TEST_F(AuditTerms, AnAcceptedDuplicateBreaksTheLedger) {
  run_.witness.offers = honest_counts();
  QueueView& queue = shard("orders.placed");
  --queue.ledger.duplicates;
  ++queue.ledger.offered;
  ++queue.ledger.acked;
  EXPECT_THAT(broken(), ElementsAre("ledger"));
}

}  // namespace
}  // namespace millrace::orders
