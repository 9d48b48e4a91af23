// Promise: ClusterTest runs the pipelines of a user on a cluster in trouble and finds nothing wrong with
// handlers that keep to what the runtime promises; finds what handlers do wrong, and says so with the
// seed; and a seed gives the same run.
#include "apps/testing/cluster_test.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t stock_at_first = 30;
constexpr std::int64_t orders = 60;

const auto placed = queue<Placed>("shop.placed").key_by(&Placed::customer);
const auto shipped = queue<Reserved>("shop.shipped").key_by(&Reserved::order);

/// Drops what costs nothing.
struct Validate {
  std::optional<Placed> operator()(const Placed& order) const {
    if (order.cents() == 0) return std::nullopt;
    return order;
  }
};

/// Takes one from the stock of the customer. Broken orders are refused, and a sold out stock is filled
/// again by a timer, once.
struct Reserve {
  Outcome<Reserved> operator()(const Placed& order, Keyed<Stock, Placed>& stock) const {
    if (order.broken()) return Reject{"it is broken"};
    if (!stock.exists()) stock.change().set_left(stock_at_first);
    if (order.order().empty()) {  // the timer
      stock.change().set_left(stock->left() + 1);
      return {};
    }
    if (stock->left() == 0) return Reject{"sold out"};
    stock.change().set_left(stock->left() - 1);
    stock.change().add_taken(order.order());
    if (stock->taken_size() == 5) {
      Placed refill;
      refill.set_customer(order.customer());
      stock.set_timer("refill", 400ms, refill);
    }
    Reserved reserved;
    reserved.set_order(order.order());
    reserved.set_cents(order.cents());
    return reserved;
  }
};

/// Fails at the first attempts.
struct Pack {
  Outcome<Reserved> operator()(const Reserved& order, const Context& context) const {
    if (order.cents() % 7 == 0 && context.facts().failed < 2) return Retry{"no box"};
    return order;
  }
};

PipelineSpec shop() {
  return pipeline("shop")
      .from(placed)
      .then<Validate>("validate", {.workers = 2})
      .then<Reserve>("reserve", {.workers = 4})
      .then<Pack>("pack", {.retry = {.first = 20ms}})
      .to(shipped);
}

Placed order(std::int64_t number) {
  Placed order;
  order.set_order("o" + std::to_string(number));
  order.set_customer("c" + std::to_string(number % 4));
  order.set_cents(number % 10);
  order.set_broken(number % 13 == 5);
  return order;
}

bool is_refused(std::int64_t number) {
  return order(number).cents() == 0 || order(number).broken();
}

class ClusterTests : public ::testing::Test {
 protected:
  // Each test has seeds of its own.
  void SetUp() override {
    unsetenv("MILLRACE_SEED");   // NOLINT(concurrency-mt-unsafe): one thread
    unsetenv("MILLRACE_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  }
  void TearDown() override { SetUp(); }
};

TEST_F(ClusterTests, FindNothingWrongWithASoundPipelineInTrouble) {
  std::uint64_t crashes = 0;
  std::uint64_t moves = 0;
  std::uint64_t repeats = 0;
  const ClusterReport last = for_each_seed(1, 10, [&](std::uint64_t seed) {
    ClusterTest test({shop()}, {.nodes = static_cast<std::uint32_t>(1 + seed % 4), .seed = seed});
    for (std::int64_t i = 0; i < orders; ++i) test.send(placed, order(i));
    test.invariant("no stock is negative", [](const ClusterTestView& view) {
      for (const auto& [key, stock] : view.states<Stock>("shop.reserve")) {
        if (stock.left() < 0) return false;
      }
      return true;
    });
    test.at_end("each order is shipped once", [](const ClusterTestView& view) {
      std::set<std::string> names;
      for (const Reserved& one : view.waiting(shipped)) names.insert(one.order());
      std::size_t expected = 0;
      for (std::int64_t i = 0; i < orders; ++i) expected += is_refused(i) ? 0 : 1;
      return names.size() == expected && view.waiting(shipped).size() == expected;
    });
    test.at_end("each stock was filled again", [](const ClusterTestView& view) {
      for (const auto& [key, stock] : view.states<Stock>("shop.reserve")) {
        if (stock.left() + stock.taken_size() != stock_at_first + 1) return false;
      }
      return view.states<Stock>("shop.reserve").size() == 4;
    });
    test.run_with_trouble(2s);
    ClusterReport report = test.settle();
    EXPECT_EQ(report.sent, static_cast<std::uint64_t>(orders));
    EXPECT_TRUE(report.differing.empty()) << report;
    crashes += report.crashes;
    moves += report.moves;
    repeats += report.calls - report.handled - report.dead;
    return report;
  });
  EXPECT_TRUE(last) << last;
  EXPECT_GT(crashes, 20u) << "nodes hardly crashed";
  EXPECT_GT(moves, 5u) << "shards hardly moved";
  EXPECT_GT(repeats, 20u) << "handlers hardly ran again";
}

// Everything that is sent takes effect also without faults, and the view shows it.
TEST_F(ClusterTests, ShowWhatIsDurable) {
  ClusterTest test({shop()}, {.nodes = 2, .seed = 5});
  for (std::int64_t i = 0; i < 14; ++i) test.send(placed, order(i));
  EXPECT_EQ(test.view().handled(placed).size(), 0u);
  test.run(1s);
  const ClusterReport report = test.settle();
  ASSERT_TRUE(report) << report;
  EXPECT_EQ(report.crashes, 0u);
  EXPECT_EQ(test.view().handled(placed).size(), 14u);
  EXPECT_EQ(test.view().waiting(placed).size(), 0u);
  EXPECT_EQ(test.view().dead(queue<Placed>("shop.reserve")).size(), 1u);
  EXPECT_EQ(test.view().waiting(queue<Placed>("shop.reserve.dead")).size(), 1u);
  const auto stock = test.view().state<Stock>("shop.reserve", "c1");
  ASSERT_TRUE(stock.has_value());
  EXPECT_EQ(stock->taken_size(), 3);  // o1, o9, o13; o5 is broken
  EXPECT_FALSE(test.view().state<Stock>("shop.reserve", "nobody").has_value());
  EXPECT_THROW((void)test.view().waiting(queue<Placed>("shop.unknown")), std::invalid_argument);
}

ClusterReport run_seed(std::uint64_t seed) {
  ClusterTest test({shop()}, {.seed = seed});
  for (std::int64_t i = 0; i < orders; ++i) test.send(placed, order(i));
  test.run_with_trouble(1s);
  return test.settle();
}

TEST_F(ClusterTests, GiveTheSameRunForASeed) {
  std::set<std::uint64_t> hashes;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const ClusterReport one = run_seed(seed);
    const ClusterReport other = run_seed(seed);
    EXPECT_TRUE(one) << one;
    EXPECT_EQ(one.trace_hash, other.trace_hash) << "seed " << seed;
    EXPECT_EQ(one.calls, other.calls) << "seed " << seed;
    hashes.insert(one.trace_hash);
  }
  EXPECT_EQ(hashes.size(), 3u);
  ASSERT_EQ(setenv("MILLRACE_SEED", "2", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  const ClusterReport replayed = run_seed(7);
  EXPECT_EQ(replayed.seed, 2u);
  EXPECT_TRUE(hashes.contains(replayed.trace_hash));
}

const auto charges = queue<Placed>("till.charges").key_by(&Placed::customer);
const auto charged = queue<Placed>("till.charged");

/// Has an effect that is no part of its outcome: it is repeated when the handler runs again.
struct Charge {
  std::shared_ptr<std::int64_t> total;
  Placed operator()(const Placed& order) const {
    *total += order.cents();
    return order;
  }
};

TEST_F(ClusterTests, FindAnEffectOutsideOfTheOutcome) {
  const auto run = [](std::uint64_t seed) {
    const auto total = std::make_shared<std::int64_t>(0);
    ClusterTest test({pipeline("till").from(charges).then("charge", Charge{total}).to(charged)},
                     {.seed = seed});
    for (std::int64_t i = 1; i <= orders; ++i) test.send(charges, order(i));
    test.at_end("each order is charged once", [total](const ClusterTestView& view) {
      std::int64_t expected = 0;
      for (const Placed& one : view.handled(charges)) expected += one.cents();
      return *total == expected;
    });
    test.run_with_trouble(1s);
    return test.settle();
  };
  const ClusterReport found = for_each_seed(1, 10, run);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.violation, "an invariant does not hold: each order is charged once");
  EXPECT_FALSE(found.events.empty());
  std::ostringstream text;
  text << found;
  const std::string replay =
      "MILLRACE_SEED=" + std::to_string(found.seed) + " gives this run again";
  EXPECT_NE(text.str().find(replay), std::string::npos) << text.str();
  const ClusterReport again = run(found.seed);
  EXPECT_EQ(again.violation, found.violation);
  EXPECT_EQ(again.trace_hash, found.trace_hash);
  EXPECT_EQ(again.events, found.events);
}

TEST_F(ClusterTests, NameAHandlerThatIsNotDeterministic) {
  bool is_found = false;
  for (std::uint64_t seed = 1; seed <= 10 && !is_found; ++seed) {
    std::int64_t calls = 0;
    const auto stamp = [&calls](const Placed& order) {
      Placed stamped = order;
      stamped.set_cents(++calls);
      return stamped;
    };
    ClusterTest test({pipeline("till").from(charges).then("stamp", stamp).to(charged)},
                     {.seed = seed});
    for (std::int64_t i = 1; i <= orders; ++i) test.send(charges, order(i));
    test.run_with_trouble(1s);
    const ClusterReport report = test.settle();
    EXPECT_TRUE(report) << report;  // whichever outcome became durable is complete
    is_found = !report.differing.empty();
    if (is_found) {
      EXPECT_NE(report.differing.front().find("stage stamp returned two outcomes"),
                std::string::npos)
          << report;
    }
  }
  EXPECT_TRUE(is_found);
}

TEST_F(ClusterTests, EndAtTheFirstBrokenInvariant) {
  ClusterTest test({shop()}, {.seed = 3});
  for (std::int64_t i = 0; i < orders; ++i) test.send(placed, order(i));
  test.invariant("fewer than three orders are handled",
                 [](const ClusterTestView& view) { return view.handled(placed).size() < 3; });
  test.run_with_trouble(10s);
  const ClusterReport report = test.settle();
  EXPECT_EQ(report.violation, "an invariant does not hold: fewer than three orders are handled");
  EXPECT_LT(report.virtual_ms, 10'000u);
}

TEST_F(ClusterTests, SayWhatIsNeverDone) {
  const auto never = [](const Placed& /*order*/) -> Outcome<void> {
    return Retry{"not today"};
  };
  ClusterTest test({pipeline("till").from(charges).then("never", never)},
                   {.nodes = 2, .seed = 4, .settle_max = 2s});
  test.send(charges, order(1));
  const ClusterReport report = test.settle();
  EXPECT_NE(report.violation.find("not at rest: message {"), std::string::npos) << report;
  EXPECT_NE(report.violation.find("still waits for stage never"), std::string::npos) << report;
}

// A message that is sent again under its idempotency key is one message, and none is missed.
TEST_F(ClusterTests, KnowThatARepeatedIdempotencyKeyIsOneMessage) {
  ClusterTest test({shop()}, {.seed = 6});
  for (int i = 0; i < 3; ++i) test.send(placed, order(1), {.idempotency_key = "order 1"});
  test.run_with_trouble(1s);
  const ClusterReport report = test.settle();
  EXPECT_TRUE(report) << report;
  EXPECT_EQ(test.view().handled(placed).size(), 1u);
}

void expect_refused(const std::string& text, const auto& what) {
  try {
    what();
    FAIL() << "expected: " << text;
  } catch (const std::invalid_argument& refused) {
    EXPECT_NE(std::string(refused.what()).find(text), std::string::npos) << refused.what();
  }
}

TEST_F(ClusterTests, ExplainMistakes) {
  expect_refused("nodes: expected 1 to 26", [] { ClusterTest({shop()}, {.nodes = 0}); });
  expect_refused("nodes: expected 1 to 26", [] { ClusterTest({shop()}, {.nodes = 27}); });
  expect_refused("shards: expected 1 to 256", [] { ClusterTest({shop()}, {.shards = 257}); });
  expect_refused("down_max: expected 1 ms to 1 h",
                 [] { ClusterTest({shop()}, {.down_max = 0ms}); });
  expect_refused("workers: expected 1 to 1000, got 0", [] {
    ClusterTest(
        {pipeline("till").from(charges).then("charge", Charge{}, {.workers = 0}).to(charged)});
  });
  expect_refused("stage score: it is external", [] {
    ClusterTest({pipeline("till").from(charges).then_external<Reserved>("score").to(shipped)});
  });
  expect_refused("expected the first to be at most the last, got 2 and 1",
                 [] { (void)for_each_seed(2, 1, run_seed); });

  ClusterTest test({shop()}, {.nodes = 1});
  expect_refused("queue shop.nowhere",
                 [&test] { test.send(queue<Placed>("shop.nowhere"), order(1)); });
  expect_refused("queue shop.placed: expected messages of type millrace.test.Placed",
                 [&test] { test.send(queue<Reserved>("shop.placed"), Reserved()); });
  expect_refused("priority", [&test] { test.send(placed, order(1), {.priority = 10}); });
  expect_refused("crashes: expected 0 to 500 a second",
                 [&test] { test.run_with_trouble(1ms, {.crashes = -1}); });
  expect_refused("crashes: expected 0 to 500 a second",
                 [&test] { test.run_with_trouble(1ms, {.crashes = std::nan("")}); });
  expect_refused("cut_max: expected 1 ms to 1 h",
                 [&test] { test.run_with_trouble(1ms, {.cut_max = 0ms}); });
  expect_refused("span", [&test] { test.run(-1ms); });

  ASSERT_EQ(setenv("MILLRACE_SEED", "1x", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  expect_refused("MILLRACE_SEED: expected a number, got \"1x\"", [] { ClusterTest({shop()}); });
}

}  // namespace
}  // namespace millrace::test
