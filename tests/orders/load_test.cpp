// The load: a function of seed and number, with skewed demand, invalid orders and duplicates at
// their rates.
#include <map>

#include <gtest/gtest.h>

#include "apps/orders/load/arrival.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/popularity.hpp"
#include "apps/orders/stages/stock_plan.hpp"
#include "apps/orders/stages/validate.hpp"

namespace millrace::orders {
namespace {

constexpr LoadPlan::Options options{.seed = 42, .orders = 20'000, .customers = 100, .skus = 500};

TEST(LoadPlan, AnOrderDependsOnSeedAndNumberOnly) {
  const LoadPlan one(options);
  const LoadPlan two(options);
  LoadPlan::Options other_seed = options;
  other_seed.seed = 43;
  const LoadPlan three(other_seed);
  int same_as_other_seed = 0;
  for (const std::uint64_t i : {0u, 19'999u, 7u, 7u}) {
    EXPECT_EQ(one.order(i).SerializeAsString(), two.order(i).SerializeAsString());
    same_as_other_seed +=
        one.order(i).SerializeAsString() == three.order(i).SerializeAsString() ? 1 : 0;
  }
  EXPECT_EQ(same_as_other_seed, 0);
  EXPECT_EQ(one.order(7).order_id(), LoadPlan::order_id(7));
}

TEST(LoadPlan, InvalidOrdersAndDuplicatesHaveTheirRates) {
  const LoadPlan plan(options);
  int invalid = 0;
  std::map<Repeat, int> repeats;
  for (std::uint64_t i = 0; i < options.orders; ++i) {
    invalid += find_fault(plan.order(i)).empty() ? 0 : 1;
    ++repeats[plan.repeat(i)];
    EXPECT_EQ(plan.idempotency_key(i).empty(), plan.repeat(i) != Repeat::same_idempotency_key);
  }
  EXPECT_NEAR(invalid, 200, 60);
  EXPECT_NEAR(repeats[Repeat::same_order_id], 200, 60);
  EXPECT_NEAR(repeats[Repeat::same_idempotency_key], 200, 60);
}

TEST(LoadPlan, DemandIsSkewedAndMatchesTheStockPlan) {
  const LoadPlan plan(options);
  std::map<std::string, std::int64_t> demand;
  std::int64_t pieces = 0;
  for (std::uint64_t i = 0; i < options.orders; ++i) {
    const OrderPlaced order = plan.order(i);
    if (!find_fault(order).empty()) continue;
    for (const OrderLine& line : order.lines()) {
      demand[line.sku()] += line.quantity();
      pieces += line.quantity();
    }
  }
  EXPECT_GT(demand["s0"], 20 * demand["s400"]);
  EXPECT_NEAR(static_cast<double>(pieces) / static_cast<double>(options.orders), pieces_per_order,
              0.3);
  const StockPlan stock({.seed = 42, .skus = options.skus, .orders = options.orders});
  int short_of = 0;
  for (const auto& [sku, wanted] : demand) short_of += stock.initial(sku) < wanted ? 1 : 0;
  EXPECT_GT(short_of, 2);
  EXPECT_LT(short_of, 40);
}

TEST(Arrival, SteadyOrdersAreDueAtTheirRate) {
  const auto arrival = Arrival::parse("steady:2000");
  ASSERT_TRUE(arrival);
  EXPECT_EQ(arrival->due(0).count(), 0);
  EXPECT_EQ(arrival->due(2'000).count(), 1'000'000);
  EXPECT_FALSE(arrival->is_closed());
}

TEST(Arrival, BurstsAreAddedToTheRate) {
  const auto arrival = Arrival::parse("burst:100,50,2s");
  ASSERT_TRUE(arrival);
  EXPECT_EQ(arrival->due(49).count(), 0);
  EXPECT_EQ(arrival->due(50).count(), 0);
  EXPECT_EQ(arrival->due(51).count(), 10'000);
  EXPECT_EQ(arrival->due(249).count(), 1'990'000);
  EXPECT_EQ(arrival->due(250).count(), 2'000'000);
}

TEST(Arrival, TheClosedScheduleLimitsOrdersInFlight) {
  const auto arrival = Arrival::parse("closed:64");
  ASSERT_TRUE(arrival);
  EXPECT_TRUE(arrival->is_closed());
  EXPECT_EQ(arrival->in_flight_max(), 64u);
}

TEST(Arrival, InvalidTextIsRefusedWithTheExpectedForm) {
  for (const char* text : {"",
                           "steady",
                           "steady:",
                           "steady:0",
                           "steady:-1",
                           "steady:1,2",
                           "steady:5k",
                           "burst:1",
                           "burst:1,2",
                           "burst:1,2,3",
                           "burst:1,0,1s",
                           "burst:1,2,0s",
                           "burst:1,2,99999999999s",
                           "burst:1,2,1s,4",
                           "closed:",
                           "closed:0",
                           "closed:1,2",
                           "closed",
                           "random:3",
                           "steady:99999999999999999999"}) {
    const auto arrival = Arrival::parse(text);
    ASSERT_FALSE(arrival) << text;
    EXPECT_EQ(arrival.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(arrival.error().message.find("expected"), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace::orders
