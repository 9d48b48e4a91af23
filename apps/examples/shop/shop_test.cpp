// Promise: no more of an article is reserved than there is, and each order takes its share once,
// whenever the process ends.
#include "shop.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "millrace/testing.hpp"

namespace shop {
namespace {

OrderPlaced order(const std::string& id, std::uint32_t count) {
  OrderPlaced order;
  order.set_order_id(id);
  order.set_article("teapot");
  order.set_count(count);
  return order;
}

TEST(Orders, ReserveWhatThereIs) {
  millrace::PipelineTest test({orders()});
  test.send(placed, order("o1", 4));
  test.send(placed, order("o2", 0));
  test.send(placed, order("o3", 7));
  test.send(placed, order("o4", 6));
  test.run();
  const auto done = test.peek(reserved);
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].order_id(), "o1");
  EXPECT_EQ(done[1].order_id(), "o4");
  EXPECT_EQ(done[1].left(), 0u);
  EXPECT_EQ(test.messages("orders.reserve.dead").size(), 1u);
}

TEST(Orders, TakeTheirShareOnceThoughTheProcessEndsAtAnyStep) {
  for (std::uint64_t step = 0; step < 40; ++step) {
    millrace::PipelineTest test({orders()});
    test.send(placed, order("o1", 4));
    test.run_steps(step);
    test.crash();
    test.run();
    ASSERT_EQ(test.peek(reserved).size(), 1u) << step;
    const auto stock = test.state<Stock>("orders.reserve", "teapot");
    ASSERT_TRUE(stock) << step;
    EXPECT_EQ(stock->sold(), 4u) << step;
  }
}

TEST(Orders, SellNoMoreThanThereIsWhateverHappensToTheCluster) {
  const auto report = millrace::for_each_seed(1, 5, [](std::uint64_t seed) {
    millrace::ClusterTest test({orders()}, {.nodes = 3, .seed = seed});
    for (int i = 0; i < 40; ++i) test.send(placed, order("o" + std::to_string(i), 1));
    test.invariant("no more is sold than there is", [](const auto& view) {
      const auto stock = view.template state<Stock>("orders.reserve", "teapot");
      return !stock || stock->sold() <= stock_at_first;
    });
    test.at_end("what is sold is reserved",
                [](const auto& view) { return view.waiting(reserved).size() == stock_at_first; });
    test.run_with_trouble(std::chrono::seconds(2));
    return test.settle();
  });
  EXPECT_TRUE(report) << report;
}

}  // namespace
}  // namespace shop
