// Promise: an outage of what a handler calls empties no queue into its dead letters: a stage that
// names no number of attempts retries without end, after 100 ms, doubling to 60 s; and a handler that
// was told "later" postpones a message as often as it likes. In virtual time.
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/testing/pipeline_test.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using std::chrono::microseconds;

const QueueRef<StringValue>& words() {
  static const auto ref = queue<StringValue>("test.words");
  return ref;
}

struct Calls {
  PipelineTest* test = nullptr;
  bool is_outage = true;
  std::vector<microseconds> at;  ///< when the handler was called
};

/// Calls a service that is away.
struct Call {
  std::shared_ptr<Calls> calls;
  Outcome<void> operator()(const StringValue& /*in*/) const {
    calls->at.push_back(calls->test->now());
    if (!calls->is_outage) return {};
    if (calls->at.size() % 2 == 0) return Retry{"the service is away"};
    throw std::runtime_error("the service is away");
  }
};

class DefaultRetry : public ::testing::Test {
 protected:
  void start(const StageOptions& options) {
    test_ = std::make_unique<PipelineTest>(std::vector<PipelineSpec>{
        pipeline("test").from(words()).then("call", Call{calls_}, options)});
    calls_->test = test_.get();
    test_->send(words(), StringValue());
  }
  void pass(std::chrono::seconds span) {
    for (; span.count() > 0; --span) test_->advance(1s);
  }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  std::unique_ptr<PipelineTest> test_;
};

TEST_F(DefaultRetry, OutlivesAnOutageOfAnHourAndRestarts) {
  start({});
  for (int restarts = 0; restarts < 4; ++restarts) {
    pass(15min);
    test_->crash();
  }
  EXPECT_EQ(test_->ledger("test.words").dead, 0u);
  const std::vector<microseconds>& at = calls_->at;
  ASSERT_GT(at.size(), 10u);
  EXPECT_LT(at.size(), 100u) << "a service that is away is not flooded";
  EXPECT_NEAR(static_cast<double>((at[1] - at[0]).count()), 1e5, 2.2e4);
  EXPECT_NEAR(static_cast<double>((at[2] - at[1]).count()), 2e5, 4.2e4);
  for (std::size_t i = 1; i < at.size(); ++i) EXPECT_LT(at[i] - at[i - 1], 73s);
  calls_->is_outage = false;
  pass(73s);
  EXPECT_EQ(test_->ledger("test.words").acked, 1u);
}

TEST_F(DefaultRetry, EndsWhereTheStageNamesANumber) {
  start({.retry = {.attempts = 3}});
  pass(10s);
  EXPECT_EQ(test_->ledger("test.words").dead, 1u);
  EXPECT_EQ(calls_->at.size(), 3u);
}

/// Calls a service that answers "later" for an hour, then no more.
struct CallLimited {
  std::shared_ptr<Calls> calls;
  Outcome<void> operator()(const StringValue& /*in*/, const Context& context) const {
    calls->at.push_back(calls->test->now());
    EXPECT_EQ(context.facts().failed, 0u);
    EXPECT_EQ(context.facts().acquired, 1u);
    if (calls->at.size() < 120) return Retry::later("429", 30s);
    throw std::runtime_error("the service is away");
  }
};

TEST(Postponement, IsNoFailure) {
  const auto calls = std::make_shared<Calls>();
  PipelineTest test({pipeline("test").from(words()).then("call", CallLimited{calls},
                                                         {.retry = {.attempts = 1}})});
  calls->test = &test;
  test.send(words(), StringValue());
  test.advance(30min);
  ASSERT_EQ(calls->at.size(), 61u);
  EXPECT_EQ(test.messages("test.words").at(0).failed, 0u);
  test.crash();
  test.run();
  EXPECT_EQ(calls->at.size(), 61u) << "the delay outlives a restart";
  test.advance(30min);
  EXPECT_EQ(calls->at.size(), 120u);
  EXPECT_EQ(test.ledger("test.words").dead, 1u) << "by its only failure";
  const StageCounts counts = test.stage_counts().at(0);
  EXPECT_EQ(counts.postponed, 58u) << "since the restart";
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.retried, 0u);
  std::uint64_t waits = 0;
  for (const std::uint64_t count : counts.wait.counts) waits += count;
  EXPECT_EQ(waits, 0u) << "only the first handling has waited to be handled";
}

TEST(Postponement, WithANegativeDelayIsAFailure) {
  PipelineTest test({pipeline("test").from(words()).then(
      "call",
      [](const StringValue&) -> Outcome<void> { return Retry::later("429", microseconds(-1)); },
      {.retry = {.attempts = 1}})});
  test.send(words(), StringValue());
  test.run();
  EXPECT_EQ(test.ledger("test.words").dead, 1u);
}

TEST(Postponement, EndsWithTheDeadlineOfTheMessage) {
  PipelineTest test({pipeline("test").from(words()).then(
      "call", [](const StringValue&) -> Outcome<void> { return Retry::later("429", 1s); })});
  test.send(words(), StringValue(), {.expires_in = 10s});
  test.advance(9s);
  EXPECT_EQ(test.ledger("test.words").dead, 0u);
  test.advance(3s);
  EXPECT_EQ(test.ledger("test.words").dead, 1u);
}

}  // namespace
}  // namespace millrace
