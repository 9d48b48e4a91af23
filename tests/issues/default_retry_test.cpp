// Promise: an outage of what a handler calls empties no queue into its dead letters: a stage that
// names no number of attempts retries without end, after 100 ms, doubling to 60 s. In virtual time.
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

}  // namespace
}  // namespace millrace
