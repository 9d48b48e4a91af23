// Validate: each order is forwarded once, and each kind of fault is named.
#include "apps/orders/stages/validate.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

using testing::KeyStore;
using testing::valid_order;

TEST(Validate, AValidOrderIsForwardedWithoutAFault) {
  KeyStore<Validated> store("o1");
  auto keyed = store.open();
  const auto outcome = Validate{}(valid_order(), keyed);
  ASSERT_TRUE(outcome.outputs());
  ASSERT_EQ(outcome.outputs()->size(), 1u);
  const OrderEvent& event = outcome.outputs()->front();
  EXPECT_EQ(event.order_id(), "o1");
  EXPECT_EQ(event.placed().reject_reason(), "");
  EXPECT_EQ(event.placed().order().SerializeAsString(), valid_order().SerializeAsString());
}

TEST(Validate, AnOrderOfferedAgainIsAckedWithoutOutput) {
  KeyStore<Validated> store("o1");
  for (int offer = 0; offer < 3; ++offer) {
    auto keyed = store.open();
    const auto outcome = Validate{}(valid_order(), keyed);
    ASSERT_TRUE(outcome.outputs());
    EXPECT_EQ(outcome.outputs()->size(), offer == 0 ? 1u : 0u);
    store.commit(keyed);
  }
  EXPECT_EQ(store.history<ValidationEffect>().size(), 1u);
}

TEST(Validate, EveryFaultIsNamed) {
  const std::vector<std::pair<const char*, std::function<void(OrderPlaced&)>>> faults = {
      {"1 to 10 lines",
       [](OrderPlaced& o) {
         o.clear_lines();
       }},
      {"1 to 10 lines",
       [](OrderPlaced& o) {
         o = valid_order("o1", 11);
       }},
      {"currency",
       [](OrderPlaced& o) {
         o.set_currency("eur");
       }},
      {"freight",
       [](OrderPlaced& o) {
         o.set_freight_minor(-1);
       }},
      {"line 1: no SKU",
       [](OrderPlaced& o) {
         o.mutable_lines(0)->clear_sku();
       }},
      {"line 2: quantity",
       [](OrderPlaced& o) {
         o.mutable_lines(1)->set_quantity(0);
       }},
      {"line 2: quantity",
       [](OrderPlaced& o) {
         o.mutable_lines(1)->set_quantity(4'000'000'000);
       }},
      {"line 1: unit price",
       [](OrderPlaced& o) {
         o.mutable_lines(0)->set_unit_price_minor(-5);
       }},
      {"total is 3490",
       [](OrderPlaced& o) {
         o.set_total_minor(3489);
       }},
  };
  for (const auto& [expected, plant] : faults) {
    OrderPlaced order = valid_order();
    plant(order);
    EXPECT_THAT(find_fault(order), ::testing::HasSubstr(expected));
  }
  EXPECT_EQ(find_fault(valid_order("o1", 10)), "");
}

TEST(Validate, OrdersWithoutIdOrCustomerAreDeadLetters) {
  KeyStore<Validated> store("");
  OrderPlaced nameless = valid_order();
  nameless.clear_order_id();
  auto keyed = store.open();
  EXPECT_TRUE(Validate{}(nameless, keyed).reject());
  OrderPlaced ownerless = valid_order();
  ownerless.clear_customer_id();
  EXPECT_TRUE(Validate{}(ownerless, keyed).reject());
}

}  // namespace
}  // namespace millrace::orders
