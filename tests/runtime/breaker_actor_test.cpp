// Promise: a stage whose messages fail because what it calls is away tries one at a time, counts no
// failures meanwhile, and handles them soon after its return, without a flood. In virtual time, over
// four shards that share a breaker.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
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
using Phase = StageCounts::Breaker::Phase;

const QueueRef<StringValue>& words() {
  static const auto ref =
      queue<StringValue>("test.words").key_by([](const StringValue& in) { return in.value(); });
  return ref;
}

struct Service {
  PipelineTest* test = nullptr;
  bool is_away = true;
  std::vector<microseconds> failed;     ///< when it was called while it was away
  std::vector<microseconds> succeeded;  ///< and otherwise
};

struct Call {
  std::shared_ptr<Service> service;
  Outcome<void> operator()(const StringValue& in) const {
    if (in.value() == "bad") return Retry{"never"};
    (service->is_away ? service->failed : service->succeeded).push_back(service->test->now());
    if (service->is_away) return Retry{"the service is away"};
    return {};
  }
};

class BreakerActor : public ::testing::Test {
 protected:
  void start(const StageOptions& options) {
    test_ = std::make_unique<PipelineTest>(
        std::vector<PipelineSpec>{
            pipeline("test").from(words()).then("call", Call{service_}, options)},
        PipelineTestOptions{.shards = 4});
    service_->test = test_.get();
  }
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      StringValue word;
      word.set_value("k" + std::to_string(sent_++));
      test_->send(words(), word);
    }
  }
  void pass(std::chrono::seconds span, int sent_each_second = 0) {
    for (; span.count() > 0; --span) {
      send(sent_each_second);
      test_->advance(1s);
    }
  }
  [[nodiscard]] StageCounts::Breaker breaker() const { return test_->stage_counts().at(0).breaker; }
  /// Most calls within a second.
  static std::size_t peak(const std::vector<microseconds>& at) {
    std::size_t most = 0;
    for (std::size_t i = 0, from = 0; i < at.size(); ++i) {
      while (at[i] - at[from] >= 1s) ++from;
      most = std::max(most, i + 1 - from);
    }
    return most;
  }

  std::shared_ptr<Service> service_ = std::make_shared<Service>();
  std::unique_ptr<PipelineTest> test_;
  int sent_ = 0;
};

TEST_F(BreakerActor, OutlivesAnOutageOfHalfAnHourWithoutADeadLetter) {
  start({.retry = {.attempts = 6}});
  send(100);
  pass(2s);
  EXPECT_EQ(breaker().phase, Phase::open);
  EXPECT_NE(breaker().open_since_us, 0);
  const std::size_t before = service_->failed.size();
  pass(30min - 2s, 1);
  EXPECT_EQ(test_->ledger("test.words").dead, 0u);
  EXPECT_LT(service_->failed.size() - before, 30u * 60 / 3) << "a probe in 4 s, and a fifth less";
  EXPECT_GT(service_->failed.size() - before, 30u * 60 / 5);
  EXPECT_EQ(breaker().trips, 1u);

  service_->is_away = false;
  const microseconds back = test_->now();
  pass(30s);
  ASSERT_FALSE(service_->succeeded.empty());
  EXPECT_LE(service_->succeeded.front() - back, 5s);
  EXPECT_EQ(breaker().phase, Phase::closed);
  EXPECT_EQ(test_->ledger("test.words").acked, static_cast<std::uint64_t>(sent_));
}

TEST_F(BreakerActor, IsOpenAfterARestart) {
  start({});
  send(100);
  pass(10s);
  ASSERT_EQ(breaker().phase, Phase::open);
  const std::size_t before = service_->failed.size();
  test_->crash();
  test_->run();
  EXPECT_EQ(service_->failed.size(), before + 1) << "one is tried at once, and no other";
  EXPECT_EQ(breaker().phase, Phase::open);
  EXPECT_EQ(breaker().trips, 0u) << "since the restart";
  service_->is_away = false;
  pass(30s);
  EXPECT_EQ(test_->ledger("test.words").acked, 100u);
  test_->crash();
  send(10);
  test_->run();
  EXPECT_EQ(breaker().phase, Phase::closed);
  EXPECT_EQ(test_->ledger("test.words").acked, 110u);
}

TEST_F(BreakerActor, CountsFailuresWhileItIsClosed) {
  start({.retry = {.attempts = 3}});
  service_->is_away = false;
  StringValue bad;
  bad.set_value("bad");
  test_->send(words(), bad);
  pass(60s, 2);
  EXPECT_EQ(breaker().phase, Phase::closed);
  EXPECT_EQ(test_->ledger("test.words").dead, 1u);
}

TEST_F(BreakerActor, LetsMessagesThatCanBeHandledPassOneThatCannot) {
  start({});
  send(100);
  pass(10s);
  ASSERT_EQ(breaker().phase, Phase::open);
  StringValue bad;
  bad.set_value("bad");
  test_->send(words(), bad);
  service_->is_away = false;
  pass(60s);
  EXPECT_EQ(breaker().phase, Phase::closed);
  EXPECT_EQ(test_->ledger("test.words").acked, 100u);
}

TEST_F(BreakerActor, OfABatchStageTriesOneMessageAtATime) {
  const auto sizes = std::make_shared<std::vector<std::size_t>>();
  test_ = std::make_unique<PipelineTest>(
      std::vector<PipelineSpec>{pipeline("test").from(words()).then_batch(
          "call",
          [sizes](Batch<StringValue> batch) -> std::vector<Outcome<void>> {
            sizes->push_back(batch.size());
            return std::vector<Outcome<void>>(batch.size(), Outcome<void>(Retry{"away"}));
          },
          {.batch = {.max = 32, .window = 5ms}})},
      PipelineTestOptions{.shards = 4});
  send(100);
  pass(20s);
  ASSERT_EQ(breaker().phase, Phase::open);
  ASSERT_GT(sizes->size(), 6u);
  EXPECT_EQ(sizes->back(), 1u);
  EXPECT_EQ((*sizes)[sizes->size() - 3], 1u);
}

TEST_F(BreakerActor, ThatIsSwitchedOffHoldsNothingBack) {
  start({.retry = {.attempts = 2}, .breaker = {.failures_percent = 0}});
  send(100);
  pass(10s);
  EXPECT_EQ(breaker().phase, Phase::none);
  EXPECT_EQ(test_->ledger("test.words").dead, 100u);
}

}  // namespace
}  // namespace millrace
