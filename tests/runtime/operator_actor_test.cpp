// Promise: each dead letter is redriven once, operations change only the messages that match, and
// the ledgers balance.
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
  static const auto ref = queue<Int64Value>("test.numbers").key_by([](const Int64Value& in) {
    return "k" + std::to_string(in.value() % 7);
  });
  return ref;
}

/// Rejects odd numbers until the test repairs it.
struct Fussy {
  std::shared_ptr<bool> mended;
  std::shared_ptr<std::vector<std::int64_t>> done;
  Outcome<void> operator()(const Int64Value& in) const {
    if (!*mended && in.value() % 2 != 0) return Reject{"odd"};
    done->push_back(in.value());
    return {};
  }
};

class Operator : public ::testing::Test {
 protected:
  void send(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) test_.send(numbers(), number(i));
    test_.run();
  }
  void expect_balance() {
    for (const char* name : {"test.numbers", "graveyard"}) {
      EXPECT_EQ(test_.ledger(name).queued(), test_.messages(name).size()) << name;
    }
  }

  std::shared_ptr<bool> mended_ = std::make_shared<bool>(false);
  std::shared_ptr<std::vector<std::int64_t>> done_ = std::make_shared<std::vector<std::int64_t>>();
  PipelineTest test_{{pipeline("test").from(numbers()).then("fussy", Fussy{mended_, done_},
                                                            {.dead_letter = "graveyard"})},
                     {.shards = 3}};
};

TEST_F(Operator, RedrivesEachDeadLetterOnceAndItIsHandled) {
  send(2'000);
  EXPECT_EQ(test_.messages("graveyard").size(), 1'000u);
  *mended_ = true;
  const auto removed = test_.redrive("graveyard");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->messages, 1'000u);
  EXPECT_FALSE(removed->stopped);
  test_.run();
  EXPECT_EQ(done_->size(), 2'000u);
  const queues::Ledger ledger = test_.ledger("test.numbers");
  EXPECT_EQ(ledger.offered, 3'000u);
  EXPECT_EQ(ledger.acked, 2'000u);
  EXPECT_EQ(ledger.dead, 1'000u);
  EXPECT_EQ(test_.ledger("graveyard").dropped, 1'000u);
  expect_balance();
}

TEST_F(Operator, EndsThoughRedrivenMessagesBecomeDeadLettersAgain) {
  send(2'000);  // some pages
  const auto removed = test_.redrive("graveyard");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->messages, 1'000u);
  test_.run();
  const auto letters = test_.messages("graveyard");
  EXPECT_EQ(letters.size(), 1'000u);
  for (const MessageView& letter : letters) EXPECT_EQ(letter.envelope.redriven(), 1u);
  expect_balance();
}

TEST_F(Operator, RemovesAtMostTheMaximumAndOnlyMatches) {
  send(28);
  EXPECT_EQ(test_.redrive("graveyard", {}, 3)->messages, 3u);
  test_.run();
  EXPECT_EQ(test_.redrive("graveyard", {.origin_queue = "test.other"})->messages, 0u);
  EXPECT_EQ(test_.redrive("graveyard", {.code = ErrorCode::expired})->messages, 0u);
  EXPECT_EQ(test_.drop("graveyard", {.key = "k1", .code = ErrorCode::rejected})->messages, 2u);
  EXPECT_EQ(test_.messages("graveyard").size(), 12u);
  expect_balance();
}

TEST_F(Operator, PurgesDelayedMessagesToo) {
  for (int i = 0; i < 5; ++i) test_.send(numbers(), number(2 * i), {.delay = milliseconds(50)});
  test_.run();
  EXPECT_EQ(test_.purge("test.numbers")->messages, 5u);
  test_.advance(milliseconds(60));
  EXPECT_TRUE(done_->empty());
  expect_balance();
}

TEST_F(Operator, GetsAnErrorForAnImpossibleOperation) {
  EXPECT_EQ(test_.redrive("nowhere").error().code, ErrorCode::not_found);
  EXPECT_EQ(test_.redrive("test.numbers").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(test_.redrive("graveyard")->messages, 0u);
}

/// Refuses, holds or takes what comes.
struct Moody {
  enum Mood { refuses, holds, takes };
  std::shared_ptr<Mood> mood;
  Outcome<void> operator()(const Int64Value& /*in*/) const {
    if (*mood == refuses) return Reject{"no"};
    if (*mood == holds) return Retry{"later", milliseconds(10)};
    return {};
  }
};

TEST(OperatorPressure, RedrivesNothingIntoAQueueAboveItsHighWater) {
  const auto mood = std::make_shared<Moody::Mood>(Moody::refuses);
  PipelineTest test(
      {pipeline("test").from(numbers()).then("moody", Moody{mood}, {.retry = {.attempts = 1'000}})},
      {.limits = {.backlog_messages = 100}});
  for (int i = 0; i < 90; ++i) test.send(numbers(), number(i));
  test.run();
  *mood = Moody::holds;
  for (int i = 0; i < 85; ++i) test.send(numbers(), number(i));
  test.run();
  const auto stopped = test.redrive("test.numbers.dead");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::backlog_full);
  EXPECT_EQ(test.messages("test.numbers.dead").size(), 90u);
  *mood = Moody::takes;
  test.advance(milliseconds(50));
  EXPECT_EQ(test.redrive("test.numbers.dead")->messages, 90u);
}

}  // namespace
}  // namespace millrace
