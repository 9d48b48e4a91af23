// The simulated gateway: faults are a function of the seed, and its books record each executed
// call.
#include <gtest/gtest.h>

#include "apps/orders/gateway/gateway_books.hpp"
#include "apps/orders/gateway/simulated_gateway.hpp"

namespace millrace::orders {
namespace {

class GatewayTest : public ::testing::Test {
 protected:
  SimulatedGateway gateway(const GatewayFaults& faults, std::uint64_t seed = 1) {
    return {{.seed = seed, .faults = faults}, books_, [this](auto span) {
              slept_ += span;
            }};
  }

  static GatewayCall call(GatewayOperation operation, const std::string& id) {
    return {id, "o1", operation, 700, "EUR"};
  }

  static GatewayResult only(const std::vector<GatewayAnswer>& answers) {
    EXPECT_EQ(answers.size(), 1u);
    return answers.at(0).result;
  }

  MemoryGatewayBooks books_;
  std::chrono::microseconds slept_{0};
};

TEST_F(GatewayTest, ARepeatedCallIsExecutedOnce) {
  auto gateway = this->gateway({});
  const auto capture = call(GatewayOperation::capture, "k");
  EXPECT_EQ(only(gateway.call({{capture}})), GatewayResult::done);
  EXPECT_EQ(only(gateway.call({{capture}})), GatewayResult::done);
  EXPECT_EQ(books_.book("o1").captured_minor, 700);
  EXPECT_EQ(books_.book("o1").captures, 1u);
}

TEST_F(GatewayTest, AnotherCallIdCapturesASecondTimeAndIsRecorded) {
  auto gateway = this->gateway({});
  (void)gateway.call({{call(GatewayOperation::capture, "k")}});
  (void)gateway.call({{call(GatewayOperation::capture, "l")}});
  EXPECT_EQ(books_.book("o1").captured_minor, 1'400);
  EXPECT_EQ(books_.book("o1").captures, 2u);
}

TEST_F(GatewayTest, AFailedCallHasNoEffectAndACallWithALostAnswerHas) {
  auto failing = gateway({.failed = 1});
  EXPECT_EQ(only(failing.call({{call(GatewayOperation::capture, "k")}})), GatewayResult::failed);
  EXPECT_EQ(books_.book("o1").captures, 0u);
  auto silent = gateway({.unknown = 1});
  EXPECT_EQ(only(silent.call({{call(GatewayOperation::capture, "k")}})), GatewayResult::unknown);
  EXPECT_EQ(books_.book("o1").captures, 1u);
}

TEST_F(GatewayTest, ARefundReturnsTheCapturedAmount) {
  auto gateway = this->gateway({});
  (void)gateway.call({{call(GatewayOperation::refund, "r0")}});
  EXPECT_EQ(books_.book("o1").refunded_minor, 0) << "nothing was captured";
  const auto both = std::vector{call(GatewayOperation::capture, "k")};
  (void)gateway.call(both);
  books_.book("o1").operations[2] = {};
  (void)gateway.call({{call(GatewayOperation::refund, "r")}});
  (void)gateway.call({{call(GatewayOperation::refund, "r")}});
  EXPECT_EQ(books_.book("o1").refunded_minor, 700);
}

TEST_F(GatewayTest, ADeclinedCallStaysDeclined) {
  auto gateway = this->gateway({.declined = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(only(gateway.call({{call(GatewayOperation::authorise, "a")}})),
              GatewayResult::declined);
  }
}

TEST_F(GatewayTest, AStuckCallAlwaysFailsAndOthersFailByAttempt) {
  auto stuck = gateway({.stuck = 1});
  auto flaky = gateway({.failed = 0.5});
  int failures = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(only(stuck.call({{call(GatewayOperation::capture, "k")}})), GatewayResult::failed);
    failures +=
        only(flaky.call({{call(GatewayOperation::authorise, "a")}})) == GatewayResult::failed ? 1
                                                                                              : 0;
  }
  EXPECT_NEAR(failures, 100, 40);
}

TEST_F(GatewayTest, ABatchCanBeAnsweredTwiceAndSleepsOnce) {
  auto gateway = this->gateway({.twice = 1, .slow = 1});
  const auto answers = gateway.call(
      {{call(GatewayOperation::authorise, "a"), call(GatewayOperation::capture, "k")}});
  EXPECT_EQ(answers.size(), 4u);
  EXPECT_EQ(slept_, std::chrono::milliseconds(50));
}

TEST(RecentGatewayBooks, EvictTheLeastRecentlyUsedBook) {
  RecentGatewayBooks books(2);
  GatewayBook& first = books.book("first");
  first.captures = 1;
  books.book("second").captures = 2;
  EXPECT_EQ(&books.book("first"), &first) << "the book must not move";
  EXPECT_EQ(books.book("third").captures, 0u);
  EXPECT_EQ(books.book("first").captures, 1u) << "used after the second book";
  EXPECT_EQ(books.book("second").captures, 0u);
  EXPECT_EQ(books.book("third").captures, 0u);
}

}  // namespace
}  // namespace millrace::orders
