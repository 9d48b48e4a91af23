// What back-pressure promises: a queue above its high water stops what feeds it, below its low
// water all goes on, offers wait meanwhile, and nothing is lost.
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

/// Waits for the gate: comes again every 10 ms.
struct Gate {
  std::shared_ptr<bool> open;
  Outcome<void> operator()(const Int64Value& /*in*/) const {
    if (!*open) return Retry{"closed", milliseconds(10)};
    return {};
  }
};

const StageOptions patient{.retry = {.attempts = 1'000}};

TEST(Pressure, AQueueAboveItsHighWaterStopsItsFeederUntilItIsBelowItsLowWater) {
  const auto open = std::make_shared<bool>(false);
  PipelineTest test(
      {pipeline("test").from(numbers()).then("pass", PassOn{}).then("gate", Gate{open}, patient)},
      {.limits = {.backlog_messages = 100, .in_flight = 10}});
  for (int i = 0; i < 500; ++i) test.send(numbers(), number(i));
  test.advance(milliseconds(100));
  const std::uint64_t downstream = test.ledger("test.gate").queued();
  EXPECT_GE(downstream, 80u);
  EXPECT_LE(downstream, 80u + 10u) << "what was in flight may still come";
  EXPECT_GE(test.ledger("test.numbers").queued(), 60u);
  EXPECT_LE(test.ledger("test.numbers").queued(), 100u) << "and then offers wait";
  *open = true;
  test.advance(std::chrono::minutes(2));
  EXPECT_EQ(test.ledger("test.gate").acked, 500u);
  EXPECT_EQ(test.ledger("test.numbers").acked, 500u);
}

/// Sends each message round until the gate is open.
struct Round {
  std::shared_ptr<bool> open;
  std::optional<Int64Value> operator()(const Int64Value& in) const {
    if (*open) return std::nullopt;
    return in;
  }
};

TEST(Pressure, ACycleThatIsFullTakesNoOffersAndStillGoesRound) {
  const auto open = std::make_shared<bool>(false);
  const auto back = queue<Int64Value>("test.back");
  PipelineTest ring({pipeline("there").from(numbers()).then("out", PassOn{}).to(back),
                     pipeline("home").from(back).then("home", Round{open}, patient).to(numbers())},
                    {.limits = {.backlog_messages = 100, .in_flight = 10}});
  for (int i = 0; i < 500; ++i) ring.send(numbers(), number(i), {.delay = milliseconds(i % 3)});
  ring.run_steps(20'000);
  EXPECT_LE(ring.ledger("test.numbers").queued() + ring.ledger("test.back").queued(), 200u);
  *open = true;
  ring.advance(std::chrono::minutes(2));
  EXPECT_EQ(ring.ledger("test.numbers").queued() + ring.ledger("test.back").queued(), 0u);
  EXPECT_EQ(ring.ledger("test.back").offered, ring.ledger("test.back").acked);
}

}  // namespace
}  // namespace millrace
