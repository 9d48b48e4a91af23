// Shipping: an order has at most one shipment, the first decision is final, and a cancelled
// shipment is never sent.
#include <gtest/gtest.h>

#include "apps/orders/stages/ship.hpp"
#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

using testing::KeyStore;

class ShippingTest : public ::testing::Test {
 protected:
  bool fails(ShipmentVerb verb, const ShippingPlan& plan) {
    ShipmentRequest request;
    request.set_order_id("o1");
    request.set_verb(verb);
    request.add_lines()->set_sku("s1");
    auto keyed = store_.open();
    const auto outcome = Ship(plan)(request, keyed);
    store_.commit(keyed);
    return outcome.outputs()->at(0).shipment().failed();
  }

  [[nodiscard]] std::size_t effects() const { return store_.history<ShipmentEffect>().size(); }

  static constexpr ShippingPlan never{.seed = 1, .failure_rate = 0};
  static constexpr ShippingPlan always{.seed = 1, .failure_rate = 1};
  KeyStore<Shipment> store_{"o1"};
};

TEST_F(ShippingTest, AnOrderIsShippedOnce) {
  EXPECT_FALSE(fails(SHIP, never));
  EXPECT_FALSE(fails(SHIP, never));
  ASSERT_EQ(effects(), 1u);
  EXPECT_EQ(store_.history<ShipmentEffect>()[0].lines(0).sku(), "s1");
}

TEST_F(ShippingTest, TheFirstDecisionIsFinal) {
  EXPECT_TRUE(fails(SHIP, always));
  EXPECT_TRUE(fails(SHIP, never));
  EXPECT_EQ(effects(), 0u);
}

TEST_F(ShippingTest, ACancelledShipmentIsUndoneOnceAndNotSentAgain) {
  EXPECT_FALSE(fails(SHIP, never));
  EXPECT_FALSE(fails(CANCEL, never));
  EXPECT_FALSE(fails(CANCEL, never));
  EXPECT_EQ(effects(), 2u);
  EXPECT_TRUE(fails(SHIP, never));
  EXPECT_EQ(effects(), 2u);
}

TEST_F(ShippingTest, ACancelBeforeTheRequestPreventsTheShipment) {
  EXPECT_FALSE(fails(CANCEL, never));
  EXPECT_TRUE(fails(SHIP, never));
  EXPECT_EQ(effects(), 0u);
}

TEST(ShippingPlan, FailsAtItsRate) {
  const ShippingPlan plan{.seed = 7, .failure_rate = 0.1};
  int failures = 0;
  for (int i = 0; i < 10'000; ++i) failures += plan.fails("o" + std::to_string(i)) ? 1 : 0;
  EXPECT_NEAR(failures, 1'000, 120);
}

}  // namespace
}  // namespace millrace::orders
