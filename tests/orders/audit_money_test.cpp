// Plants violations of I4 to I7 in a clean run. The audit must report exactly the planted one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/planted_run.hpp"

namespace millrace::orders {
namespace {

using ::testing::ElementsAre;

class AuditMoney : public testing::PlantedRun {
 protected:
  /// Changes the facts that the gateway reports of one order.
  void edit_gateway(const std::string& order, std::function<void(audit::GatewayFacts&)> change) {
    run_.witness.gateway = [before = run_.witness.gateway, order,
                            change = std::move(change)](std::string_view id) {
      audit::GatewayFacts facts = before(id);
      if (id == order) change(facts);
      return facts;
    };
  }

  KeyView& shipment(const std::string& order) { return key("shipping.requests", order); }
};

TEST_F(AuditMoney, TwoCapturesAtTheGatewayBreakI4) {
  edit_gateway(order_with(SHIPPED), [](audit::GatewayFacts& facts) { facts.captures = 2; });
  EXPECT_THAT(broken(), ElementsAre("I4"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditMoney, AnIncompleteRefundOfACancelledOrderBreaksI4) {
  edit_gateway(order_with(CANCELLED), [](audit::GatewayFacts& facts) { --facts.refunded_minor; });
  EXPECT_THAT(broken(), ElementsAre("I4"));
}

TEST_F(AuditMoney, ACaptureOfTheWrongAmountBreaksI4) {
  const std::string order = order_with(SHIPPED);
  edit_history<PaymentEffect>(key("payments.requests", customer_of(order)),
                              [&](PaymentEffect& effect) {
                                if (effect.order_id() != order) return false;
                                effect.set_amount_minor(effect.amount_minor() + 1);
                                return effect.kind() == PaymentEffect::CAPTURED;
                              });
  EXPECT_THAT(broken(), ElementsAre("I4"));
}

TEST_F(AuditMoney, AWrongInvoiceBreaksI5) {
  edit<Order>(key("orders.events", order_with(SHIPPED)),
              [](Order& order) { order.set_freight_minor(order.freight_minor() + 1); });
  EXPECT_THAT(broken(), ElementsAre("I5"));
}

TEST_F(AuditMoney, ASecondShipmentBreaksI6) {
  KeyView& shipped = shipment(order_with(SHIPPED));
  append(shipped, parse<ShipmentEffect>(shipped.history[0].value));
  EXPECT_THAT(broken(), ElementsAre("I6"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditMoney, AMissingShipmentBreaksI6) {
  shipment(order_with(SHIPPED)).history.clear();
  EXPECT_THAT(broken(), ElementsAre("I6"));
}

TEST_F(AuditMoney, AShipmentOfOtherLinesBreaksI6) {
  edit_history<ShipmentEffect>(shipment(order_with(SHIPPED)), [](ShipmentEffect& effect) {
    effect.mutable_lines(0)->set_quantity(effect.lines(0).quantity() + 1);
    return true;
  });
  EXPECT_THAT(broken(), ElementsAre("I6"));
}

TEST_F(AuditMoney, AShipmentBeforeItsCaptureBreaksI6) {
  shipment(order_with(SHIPPED)).history[0].at_us = 1;
  EXPECT_THAT(broken(), ElementsAre("I6"));
}

TEST_F(AuditMoney, AConfirmedReservationOfACancelledOrderBreaksI7) {
  KeyView& sku = busy_sku();
  const std::string order = order_with(CANCELLED);
  append_stock(sku, StockEffect::RESERVED, order, 0, 1);
  append_stock(sku, StockEffect::CONFIRMED, order, 0, 1);
  EXPECT_THAT(broken(), ElementsAre("I7"));
}

TEST_F(AuditMoney, AShipmentOfACancelledOrderBreaksI7) {
  const std::string order = order_with(CANCELLED);
  ShipmentEffect effect;
  effect.set_kind(ShipmentEffect::CREATED);
  KeyView& cancelled = shipment(order);
  append(cancelled, effect);
  cancelled.history.back().at_us = run_end_us;
  EXPECT_THAT(broken(), ElementsAre("I6", "I7")) << "the order was refunded before the shipment";
}

TEST_F(AuditMoney, AnOpenChargeOfAFinalOrderBreaksI7) {
  const std::string order = order_with(SHIPPED);
  edit<Account>(key("payments.requests", customer_of(order)),
                [&](Account& account) { account.add_charges()->set_order_id(order); });
  EXPECT_THAT(broken(), ElementsAre("I7"));
}

TEST_F(AuditMoney, CreditThatRemainsHeldBreaksI7) {
  edit<Account>(key("payments.requests"), [](Account& account) { account.set_held_minor(1); });
  EXPECT_THAT(broken(), ElementsAre("I7"));
}

}  // namespace
}  // namespace millrace::orders
