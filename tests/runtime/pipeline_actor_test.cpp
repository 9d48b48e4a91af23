// Promise: a running pipeline neither loses nor repeats work. Checked with the real actors on a log
// in memory, a virtual clock and a seeded order of events, with crashes at any point.
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/runtime/number.hpp"

namespace millrace {
namespace {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int keys = 5;

std::string key_of(const Int64Value& number) {
  return "k" + std::to_string(number.value() % keys);
}

const QueueRef<Int64Value>& numbers() {
  static const auto ref = queue<Int64Value>("test.numbers").key_by(key_of);
  return ref;
}
const QueueRef<Int64Value>& results() {
  static const auto ref = queue<Int64Value>("test.results").key_by(key_of);
  return ref;
}

struct PassOn {
  Int64Value operator()(const Int64Value& in) const { return in; }
};

/// Counts the messages of its key, and writes each into the history.
struct Count {
  Int64Value operator()(const Int64Value& in, Keyed<Int64Value>& count) const {
    count.change().set_value(count.value().value() + 1);
    count.record(in);
    return in;
  }
};

PipelineSpec counting() {
  return pipeline("test")
      .from(numbers())
      .then("pass", PassOn{})
      .then("count", Count{})
      .to(results());
}

std::vector<std::int64_t> values(const std::vector<Int64Value>& messages) {
  std::vector<std::int64_t> out;
  for (const Int64Value& message : messages) out.push_back(message.value());
  return out;
}

TEST(Pipeline, PassesMessagesThroughAllStagesInOrder) {
  PipelineTest test({counting()});
  for (int i = 0; i < 20; ++i) test.send(numbers(), number(i * keys));
  test.run();
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(i * keys);
  EXPECT_EQ(values(test.peek(results())), expected);
  EXPECT_EQ(test.state<Int64Value>("test.count", "k0")->value(), 20);
  EXPECT_EQ(test.ledger("test.numbers").acked, 20u);
}

/// Expects that each number arrived once, in order within its key, and was counted once.
void expect_exactly_once(PipelineTest& test, int sent) {
  std::map<std::string, std::vector<std::int64_t>> by_key;
  for (const Int64Value& message : test.peek(results())) {
    by_key[key_of(message)].push_back(message.value());
  }
  for (int k = 0; k < keys; ++k) {
    std::vector<std::int64_t> expected;
    for (int i = k; i < sent; i += keys) expected.push_back(i);
    const std::string key = "k" + std::to_string(k);
    EXPECT_EQ(by_key[key], expected);
    EXPECT_EQ(test.state<Int64Value>("test.count", key)->value(),
              static_cast<std::int64_t>(expected.size()));
  }
  for (const KeyView& view : test.keys("test.count")) {
    std::int64_t before = -1;
    for (const HistoryView& entry : view.history) {
      Int64Value value;
      value.ParseFromString(entry.value);
      EXPECT_GT(value.value(), before);
      before = value.value();
    }
  }
}

class PipelineSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PipelineSeeds, CrashesAtAnyPointNeitherLoseNorRepeatWork) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  PipelineTest test({counting()},
                    {.shards = 1 + static_cast<std::uint32_t>(seed % 3), .seed = seed});
  std::mt19937_64 random(seed);
  int sent = 0;
  while (sent < 200) {
    for (std::uint64_t burst = random() % 20; burst > 0 && sent < 200; --burst) {
      test.send(numbers(), number(sent++));
    }
    test.run_steps(random() % 200);
    if (random() % 4 == 0) test.crash();
  }
  test.run();
  expect_exactly_once(test, sent);
  for (const char* name : {"test.numbers", "test.count"}) {
    const auto ledger = test.ledger(name);
    EXPECT_EQ(ledger.offered, 200u) << name;
    EXPECT_EQ(ledger.acked, 200u) << name;
    EXPECT_EQ(ledger.dead, 0u) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineSeeds, ::testing::Range<std::uint64_t>(1, 61));

/// Fails a given number of times in total, over all copies and restarts.
struct FailsFirst {
  std::shared_ptr<int> failures;
  std::shared_ptr<std::vector<std::int64_t>> done;
  void operator()(const Int64Value& in) const {
    if (in.value() == 0 && (*failures)-- > 0) throw std::runtime_error("not yet");
    done->push_back(in.value());
  }
};

struct Failing {
  explicit Failing(int times, const StageOptions& options = {})
      : failures(std::make_shared<int>(times)),
        done(std::make_shared<std::vector<std::int64_t>>()),
        test(
            {pipeline("test").from(numbers()).then("fails", FailsFirst{failures, done}, options)}) {
  }

  std::shared_ptr<int> failures;
  std::shared_ptr<std::vector<std::int64_t>> done;
  PipelineTest test;
};

TEST(Pipeline, AFailureDelaysItsKeyAndNoOther) {
  Failing run(1, {.retry = {.first = milliseconds(100)}});
  run.test.send(numbers(), number(0));
  run.test.send(numbers(), number(keys));  // same key: must wait
  run.test.send(numbers(), number(1));
  run.test.run();
  EXPECT_EQ(*run.done, (std::vector<std::int64_t>{1}));
  run.test.advance(milliseconds(130));
  EXPECT_EQ(*run.done, (std::vector<std::int64_t>{1, 0, keys}));
  EXPECT_EQ(run.test.ledger("test.numbers").redelivered, 1u);
}

TEST(Pipeline, AMessageThatFailsTooOftenBecomesADeadLetterWithItsReason) {
  Failing run(100, {.retry = {.attempts = 3, .first = milliseconds(10)}});
  run.test.send(numbers(), number(0));
  run.test.advance(seconds(1));
  const auto letters = run.test.messages("test.numbers.dead");
  ASSERT_EQ(letters.size(), 1u);
  const pb::DeadLetter& letter = letters[0].envelope.dead_letter();
  EXPECT_EQ(letter.reason(), "not yet");
  EXPECT_EQ(letter.failed(), 3u);
  EXPECT_EQ(letter.origin_queue(), "test.numbers");
  EXPECT_EQ(letter.origin_sequence(), 1u);
  EXPECT_LT(letter.first_failed_at_us(), letter.last_failed_at_us());
  EXPECT_EQ(run.test.ledger("test.numbers").dead, 1u);
}

TEST(Pipeline, FailureCountsSurviveACrash) {
  Failing run(100, {.retry = {.attempts = 3, .first = milliseconds(10)}});
  run.test.send(numbers(), number(0));
  run.test.run();
  run.test.crash();
  run.test.advance(milliseconds(15));
  run.test.crash();
  run.test.advance(seconds(1));
  EXPECT_EQ(*run.failures, 97);
  EXPECT_EQ(run.test.messages("test.numbers.dead").size(), 1u);
}

TEST(Pipeline, AMessageWaitsForItsTimeAndAnExpiredOneIsNeverRun) {
  Failing run(0);
  run.test.send(numbers(), number(1), {.delay = milliseconds(50)});
  run.test.send(numbers(), number(2), {.delay = milliseconds(50), .expires_in = milliseconds(20)});
  run.test.advance(milliseconds(40));
  EXPECT_TRUE(run.done->empty());
  run.test.advance(milliseconds(20));
  EXPECT_EQ(*run.done, (std::vector<std::int64_t>{1}));
  const auto letters = run.test.messages("test.numbers.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.dead_letter().code(),
            static_cast<std::uint32_t>(ErrorCode::expired));
}

TEST(Pipeline, AnOutputInheritsPriorityBirthAndTheRestOfTheBudget) {
  const auto out = queue<Int64Value>("test.out");
  PipelineTest test({pipeline("test").from(numbers()).then("pass", PassOn{}).to(out)});
  test.send(numbers(), number(1), {.priority = 7, .expires_in = milliseconds(500)});
  test.send(numbers(), number(1), {.delay = milliseconds(100), .expires_in = milliseconds(500)});
  test.advance(milliseconds(150));
  const auto messages = test.messages("test.out");
  ASSERT_EQ(messages.size(), 2u);
  const pb::Envelope& first = messages[0].envelope;
  const pb::Envelope& second = messages[1].envelope;
  EXPECT_EQ(first.urgency(), 3);
  EXPECT_EQ(second.urgency(), 0);
  EXPECT_EQ(first.born_at_us(), second.born_at_us());
  EXPECT_GT(first.born_at_us(), 0);
  EXPECT_EQ(first.expires_at_us(), first.born_at_us() + 500'000);
  EXPECT_EQ(second.expires_at_us(), second.born_at_us() + 500'000) << "waiting has spent of it";
}

TEST(Pipeline, AnOfferRepeatedUnderItsIdempotencyKeyIsOneMessage) {
  Failing run(0);
  for (int i = 0; i < 3; ++i) run.test.send(numbers(), number(1), {.idempotency_key = "order-7"});
  run.test.run();
  EXPECT_EQ(run.done->size(), 1u);
  EXPECT_EQ(run.test.ledger("test.numbers").duplicates, 2u);
}

TEST(Pipeline, AStateWhoseFieldsAreAllDefaultIsAState) {
  const auto touch = [](const Int64Value& in, Keyed<Int64Value>& seen) {
    if (in.value() == 0) seen.change().set_value(0);
  };
  PipelineTest test({pipeline("test").from(numbers()).then("touch", touch)});
  test.send(numbers(), number(0));
  test.send(numbers(), number(1));
  test.run();
  const auto state = test.state<Int64Value>("test.numbers", key_of(number(0)));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->value(), 0);
  EXPECT_FALSE(test.state<Int64Value>("test.numbers", key_of(number(1))));
}

/// Sets a timer at the first message, and counts the messages of the timer.
struct Remind {
  void operator()(const Int64Value& in, Keyed<Int64Value>& seen) const {
    if (in.value() == 0) seen.set_timer("remind", milliseconds(300), number(keys));
    seen.change().set_value(seen.value().value() + 1);
  }
};

TEST(Pipeline, ATimerAppendsItsMessageOnceAlsoAfterACrash) {
  PipelineTest test({pipeline("test").from(numbers()).then("remind", Remind{})});
  test.send(numbers(), number(0));
  test.advance(milliseconds(200));
  EXPECT_EQ(test.state<Int64Value>("test.numbers", "k0")->value(), 1);
  test.crash();
  test.advance(milliseconds(200));
  EXPECT_EQ(test.state<Int64Value>("test.numbers", "k0")->value(), 2);
  test.crash();
  test.advance(seconds(1));
  EXPECT_EQ(test.state<Int64Value>("test.numbers", "k0")->value(), 2);
}

/// Records the sizes of its batches.
struct Gather {
  std::shared_ptr<std::vector<std::size_t>> sizes;
  void operator()(Batch<Int64Value> batch) const { sizes->push_back(batch.size()); }
};

TEST(Pipeline, ABatchRunsWhenItIsFullOrItsWindowHasPassed) {
  const auto sizes = std::make_shared<std::vector<std::size_t>>();
  const auto plain = queue<Int64Value>("test.plain");
  PipelineTest test({pipeline("test").from(plain).then_batch(
      "gather", Gather{sizes}, {.batch = {.max = 4, .window = milliseconds(10)}})});
  for (int i = 0; i < 6; ++i) test.send(plain, number(i));
  test.run();
  EXPECT_EQ(*sizes, (std::vector<std::size_t>{4}));
  test.advance(milliseconds(11));
  EXPECT_EQ(*sizes, (std::vector<std::size_t>{4, 2}));
}

TEST(Pipeline, AWrongWiringIsRefusedByName) {
  EXPECT_THROW(PipelineTest({counting(), counting()}), std::invalid_argument);
  PipelineTest test({counting()});
  EXPECT_THROW(test.send(queue<Int64Value>("test.none"), number(1)), std::invalid_argument);
  EXPECT_THROW(test.send(queue<StringValue>("test.numbers"), StringValue()), std::invalid_argument);
}

}  // namespace
}  // namespace millrace
