// Promise: while a queue is above its high water, the queues that feed it lease nothing and offers
// wait; below its low water they continue, and no message is lost.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/runtime/number.hpp"

namespace millrace {
namespace {

using google::protobuf::Int64Value;
using std::chrono::milliseconds;

const QueueRef<Int64Value>& numbers() {
  static const auto ref = queue<Int64Value>("test.numbers");
  return ref;
}

struct PassOn {
  Int64Value operator()(const Int64Value& in) const { return in; }
};

/// Passes on a given number of messages, and retries the others every 10 ms.
struct Gate {
  std::shared_ptr<int> permits;
  Outcome<void> operator()(const Int64Value& /*in*/) const {
    if (*permits == 0) return Retry{"closed", milliseconds(10)};
    --*permits;
    return {};
  }
};

// Its gate is closed by failures, which must not open the breaker.
const StageOptions patient{.retry = {.attempts = 1'000}, .breaker = {.failures_percent = 0}};
const PipelineTestOptions small{.limits = {.backlog_messages = 100, .in_flight = 10}};

class Pressure : public ::testing::Test {
 protected:
  static void send(PipelineTest& test, int count) {
    for (int i = 0; i < count; ++i) test.send(numbers(), number(i));
    test.advance(milliseconds(100));
  }
  void let_through(PipelineTest& test, int count) {
    *permits_ = count;
    test.advance(milliseconds(50));
    EXPECT_EQ(*permits_, 0);
  }

  std::shared_ptr<int> permits_ = std::make_shared<int>(0);
};

TEST_F(Pressure, AQueueAboveItsHighWaterStopsItsFeederUntilItIsBelowItsLowWater) {
  PipelineTest test({pipeline("test")
                         .from(numbers())
                         .then("pass", PassOn{})
                         .then("gate", Gate{permits_}, patient)},
                    small);
  send(test, 500);
  const std::uint64_t passed = test.ledger("test.numbers").acked;
  EXPECT_GE(passed, 80u);
  EXPECT_LE(passed, 80u + 10u) << "what was in flight may still come";
  let_through(test, 15);
  EXPECT_EQ(test.ledger("test.numbers").acked, passed) << "it is not below its low water yet";
  let_through(test, 20);
  EXPECT_GT(test.ledger("test.numbers").acked, passed);
  *permits_ = 1'000;
  test.advance(std::chrono::minutes(2));
  EXPECT_EQ(test.ledger("test.gate").acked, 500u);
}

TEST_F(Pressure, AFullQueueTakesNoOffersUntilItIsBelowItsLowWater) {
  PipelineTest test({pipeline("test").from(numbers()).then("gate", Gate{permits_}, patient)},
                    small);
  send(test, 500);
  EXPECT_EQ(test.ledger("test.numbers").offered, 100u);
  let_through(test, 30);
  EXPECT_EQ(test.ledger("test.numbers").offered, 100u) << "70 are left";
  let_through(test, 15);
  EXPECT_GT(test.ledger("test.numbers").offered, 100u) << "without waiting for the sender's timer";
  EXPECT_LE(test.ledger("test.numbers").queued(), 100u);
  *permits_ = 1'000;
  test.advance(std::chrono::minutes(2));
  EXPECT_EQ(test.ledger("test.numbers").acked, 500u);
}

/// Sends each message round its cycle once, when the test allows it.
struct Round {
  Gate gate;
  Outcome<Int64Value> operator()(const Int64Value& in) const {
    const Outcome<void> through = gate(in);
    if (const Retry* retry = through.retry()) return *retry;
    if (in.value() < 0) return {};
    return number(-1 - in.value());
  }
};

TEST_F(Pressure, ACycleThatIsFullTakesNoOffersAndStillGoesRound) {
  const auto back = queue<Int64Value>("test.back");
  PipelineTest test(
      {pipeline("there").from(numbers()).then("out", PassOn{}).to(back),
       pipeline("home").from(back).then("round", Round{{permits_}}, patient).to(numbers())},
      small);
  send(test, 500);
  EXPECT_GE(test.ledger("test.numbers").offered, 80u);
  test.advance(std::chrono::seconds(5));  // the sender offers again in this time
  EXPECT_LE(test.ledger("test.numbers").offered, 200u);
  *permits_ = 10'000;
  test.advance(std::chrono::minutes(2));
  EXPECT_EQ(test.ledger("test.back").acked, 1'000u);
  EXPECT_EQ(test.ledger("test.numbers").queued() + test.ledger("test.back").queued(), 0u);
}

}  // namespace
}  // namespace millrace
