// Plants violations of I1, I2 and I3 in a clean run. The audit must report exactly the planted one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/planted_run.hpp"

namespace millrace::orders {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditStock : public testing::PlantedRun {};

TEST_F(AuditStock, ACleanRunPasses) {
  EXPECT_THAT(broken(), IsEmpty());
  EXPECT_EQ(report_.invariants.size(), 14u) << "I1 to I12, ledger, readable";
  EXPECT_EQ(report_.accounted, 800u);
  EXPECT_EQ(report_.duplicated_effects, 0u);
}

TEST_F(AuditStock, MoreReservedThanOnHandBreaksI1) {
  run_.facts.initial_stock = nullptr;  // the planted history starts with no stock
  KeyView& sku = busy_sku();
  const std::int64_t initial = parse<StockEffect>(sku.history[0].value).on_hand();
  edit_history<StockEffect>(sku, [&](StockEffect& effect) {
    effect.set_on_hand(effect.on_hand() - initial);
    return true;
  });
  edit<Stock>(sku, [&](Stock& stock) { stock.set_on_hand(stock.on_hand() - initial); });
  EXPECT_THAT(broken(), ElementsAre("I1"));
}

TEST_F(AuditStock, AnExtraPieceOnHandBreaksI2) {
  edit<Stock>(busy_sku(), [](Stock& stock) { stock.set_on_hand(stock.on_hand() + 1); });
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditStock, PiecesThatRemainReservedBreakI2) {
  edit<Stock>(busy_sku(), [](Stock& stock) { stock.set_reserved(1); });
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditStock, AnEntryWithWrongCountsBreaksI2) {
  edit_history<StockEffect>(
      busy_sku(),
      [](StockEffect& effect) {
        if (effect.kind() != StockEffect::CONFIRMED) return false;
        effect.set_on_hand(effect.on_hand() + 1);
        return true;
      },
      1);
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditStock, MoreSkusThanTheRunHasBreakI2) {
  run_.facts.skus = 3;
  EXPECT_THAT(broken(), ElementsAre("I2"));
}

TEST_F(AuditStock, AReservationThatNeverEndsBreaksI3) {
  const std::string order = order_with(SHIPPED);
  append_stock(busy_sku(), StockEffect::RESERVED, order, 0, 1);
  EXPECT_THAT(broken(), ElementsAre("I2", "I3"));
  EXPECT_THAT(report_.invariants[2].first_violation, HasSubstr("order " + order));
}

TEST_F(AuditStock, AReservationThatEndsTwiceBreaksI3) {
  append_stock(busy_sku(), StockEffect::RELEASED, order_with(SHIPPED), 0, 0);
  EXPECT_THAT(broken(), ElementsAre("I3"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

TEST_F(AuditStock, ALineReservedTwiceBreaksI3) {
  KeyView& sku = busy_sku();
  const std::string order = order_with(CANCELLED);
  append_stock(sku, StockEffect::RESERVED, order, 0, 1);
  append_stock(sku, StockEffect::RESERVED, order, 0, 0);
  append_stock(sku, StockEffect::RELEASED, order, 0, 1);
  EXPECT_THAT(broken(), ElementsAre("I3"));
  EXPECT_EQ(report_.duplicated_effects, 1u);
}

}  // namespace
}  // namespace millrace::orders
