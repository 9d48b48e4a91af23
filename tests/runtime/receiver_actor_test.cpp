// Promise: whatever a handler returns or does, its records fit into the log, only the message that
// was being handled fails, and the stage continues. Checked on a log in memory.
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::text;
using test::words;

const QueueRef<StringValue>& results() {
  static const auto ref = queue<StringValue>("test.results");
  return ref;
}

std::string reason_of(PipelineTest& test) {
  const auto letters = test.messages("test.words.dead");
  return letters.empty() ? "" : letters[0].envelope.dead_letter().reason();
}

// What handlers return.

/// Returns the number of bytes and messages that its input asks for.
struct Swell {
  std::size_t messages;
  std::size_t bytes;
  std::vector<StringValue> operator()(const StringValue& /*in*/) const {
    return std::vector<StringValue>(messages, text(std::string(bytes, 'x')));
  }
};

PipelineSpec swelling(std::size_t messages, std::size_t bytes) {
  return pipeline("test")
      .from(words())
      .then("swell", Swell{messages, bytes}, {.retry = {.attempts = 1}})
      .to(results());
}

TEST(Receiver, AnOutcomeTooLargeForARecordFailsItsMessageAndNotTheNode) {
  PipelineTest test({swelling(20, 1u << 20)});
  test.send(words(), text("a"));
  test.run();
  EXPECT_EQ(test.messages("test.results").size(), 0u);
  EXPECT_NE(reason_of(test).find("expected at most " + std::to_string(outcome_bytes_max)),
            std::string::npos);
}

TEST(Receiver, AnOutcomeOfVeryManyEmptyMessagesIsTooLargeToo) {
  PipelineTest test({swelling(200'000, 0)});
  test.send(words(), text("a"));
  test.run();
  EXPECT_EQ(test.ledger("test.words").dead, 1u);
}

TEST(Receiver, OutcomesThatAreLargeTogetherGoIntoSeveralRecords) {
  PipelineTest test({swelling(1, 1u << 20)});
  for (int i = 0; i < 40; ++i) test.send(words(), text("k" + std::to_string(i)));
  test.run();
  EXPECT_EQ(test.ledger("test.results").offered, 40u);
}

TEST(Receiver, ARunWhoseOutcomesAreLargeTogetherIsCut) {
  PipelineTest test({swelling(1, 1u << 20)});
  for (int i = 0; i < 40; ++i) test.send(words(), text("one key"));
  test.run();
  EXPECT_EQ(test.ledger("test.results").offered, 40u);
}

struct Refuse {
  Outcome<void> operator()(const StringValue& /*in*/) const { return Reject{"no"}; }
};

TEST(Receiver, ManyLargeDeadLettersGoIntoSeveralRecords) {
  PipelineTest test({pipeline("test")
                         .from(queue<StringValue>("test.words").key_by([](const StringValue&) {
                           return std::string("one key");
                         }))
                         .then("refuse", Refuse{})});
  for (int i = 0; i < 24; ++i) test.send(words(), text(std::string(1u << 20, 'x')));
  test.run();
  EXPECT_EQ(test.ledger("test.words").dead, 24u);
}

TEST(Receiver, ManyLargeMessagesThatExpireGoIntoSeveralRecords) {
  PipelineTest test({pipeline("test").from(words()).then("refuse", Refuse{})});
  for (int i = 0; i < 24; ++i) {
    test.send(words(), text(std::to_string(i) + std::string(1u << 20, 'x')),
              {.delay = milliseconds(20), .expires_in = milliseconds(10)});
  }
  test.advance(milliseconds(30));
  EXPECT_EQ(test.ledger("test.words").dead, 24u);
}

/// Writes as much state, history and timers as its message asks for.
struct Remember {
  void operator()(const StringValue& in, Keyed<StringValue>& state) const {
    if (in.value() == "state") state.change().set_value(std::string(5u << 20, 'x'));
    if (in.value() == "history") {
      for (int i = 0; i < 9; ++i) state.record(text(std::string(1u << 20, 'x')));
    }
    for (int i = 0; in.value().starts_with("timers") && i < 7; ++i) {
      state.set_timer("t" + std::to_string(i), seconds(1), text(std::string(1u << 20, 'x')));
    }
  }
};

TEST(Receiver, AStateOrHistoryTooLargeForARecordFailsItsMessage) {
  PipelineTest test(
      {pipeline("test").from(words()).then("remember", Remember{}, {.retry = {.attempts = 1}})});
  for (const char* word : {"state", "history", "nothing"}) test.send(words(), text(word));
  test.run();
  EXPECT_EQ(test.ledger("test.words").dead, 2u);
  EXPECT_EQ(test.ledger("test.words").acked, 1u);
  EXPECT_TRUE(test.keys("test.words").empty());
}

TEST(Receiver, ManyLargeTimersFireInSeveralRecords) {
  PipelineTest test({pipeline("test").from(words()).then("remember", Remember{})});
  for (const char* word : {"timers 1", "timers 2", "timers 3"}) test.send(words(), text(word));
  test.advance(seconds(2));
  EXPECT_EQ(test.ledger("test.words").acked, 3u + 21u);
}

struct Mutter {
  std::string words;
  void operator()(const StringValue& /*in*/) const { throw std::runtime_error(words); }
};

TEST(Receiver, AReasonThatIsNoTextIsKeptAndReadAgainAfterACrash) {
  PipelineTest test({pipeline("test").from(words()).then("mutter", Mutter{"no \xff\xfe text"},
                                                         {.retry = {.attempts = 2}})});
  test.send(words(), text("a"));
  test.run();
  test.crash();
  test.advance(seconds(1));
  EXPECT_EQ(reason_of(test), "no \xff\xfe text");
}

TEST(Receiver, AReasonIsCutToItsLimit) {
  PipelineTest test({pipeline("test").from(words()).then(
      "mutter", Mutter{std::string(20u << 20, 'x')}, {.retry = {.attempts = 1}})});
  test.send(words(), text("a"));
  test.run();
  EXPECT_EQ(reason_of(test).size(), 4096u);
}

// What handlers do with their time.

struct Slow {
  std::shared_ptr<PipelineTest*> test;
  milliseconds takes;
  std::shared_ptr<int> calls = std::make_shared<int>(0);
  void operator()(const StringValue& /*in*/) const {
    ++*calls;
    (*test)->advance(takes);
  }
};

class ReceiverTime : public ::testing::Test {
 protected:
  void start(const PipelineSpec& spec, std::uint32_t shards = 1) {
    test_ =
        std::make_unique<PipelineTest>(std::vector{spec}, PipelineTestOptions{.shards = shards});
    *handle_ = test_.get();
  }
  Slow slow(milliseconds takes) { return {handle_, takes, calls_}; }

  std::shared_ptr<PipelineTest*> handle_ = std::make_shared<PipelineTest*>(nullptr);
  std::shared_ptr<int> calls_ = std::make_shared<int>(0);
  std::unique_ptr<PipelineTest> test_;
};

TEST_F(ReceiverTime, MessagesThatWaitForASlowHandlerKeepTheirLeasesAndRunOnce) {
  start(pipeline("test").from(words()).then("slow", slow(milliseconds(600)),
                                            {.timeout = seconds(1)}));
  for (int i = 0; i < 20; ++i) test_->send(words(), text("k" + std::to_string(i)));
  test_->advance(milliseconds(10));
  EXPECT_EQ(*calls_, 20);
  EXPECT_EQ(test_->ledger("test.words").acked, 20u);
  EXPECT_EQ(test_->ledger("test.words").redelivered, 0u);
}

TEST_F(ReceiverTime, AWorkerOfSeveralShardsLetsNoLeaseExpire) {
  start(pipeline("test").from(words()).then("slow", slow(milliseconds(600)),
                                            {.timeout = seconds(1), .blocking = true}),
        4);
  for (int i = 0; i < 20; ++i) test_->send(words(), text("k" + std::to_string(i)));
  for (int i = 0; i < 100; ++i) test_->advance(milliseconds(10));
  EXPECT_EQ(*calls_, 20);
  EXPECT_EQ(test_->ledger("test.words").acked, 20u);
}

TEST_F(ReceiverTime, ARunOfSlowMessagesOfOneKeyIsCutBeforeItsLeaseEnds) {
  start(pipeline("test").from(words()).then("slow", slow(milliseconds(600)),
                                            {.timeout = seconds(1)}));
  for (int i = 0; i < 10; ++i) test_->send(words(), text("one key"));
  test_->advance(milliseconds(10));
  EXPECT_EQ(*calls_, 10);
  EXPECT_EQ(test_->ledger("test.words").acked, 10u);
}

/// Overruns its lease at each message named "slow", and records whether the context reported it.
struct Overrun {
  std::shared_ptr<PipelineTest*> test;
  std::shared_ptr<std::vector<bool>> cancelled;
  bool extends = false;
  std::shared_ptr<std::map<std::string, int>> calls{};
  void operator()(const StringValue& in, const Context& context) const {
    ++(*calls)[in.value()];
    if (in.value() != "slow") return;
    (*test)->advance(milliseconds(900));
    if (extends) context.extend(milliseconds(100));
    if (extends) context.extend(seconds(2));
    (*test)->advance(milliseconds(900));
    cancelled->push_back(context.is_cancelled());
  }
};

class ReceiverOverrun : public ReceiverTime, public ::testing::WithParamInterface<bool> {
 protected:
  PipelineSpec overrunning(bool extends) {
    return pipeline("test").from(words()).then("overrun",
                                               Overrun{handle_, cancelled_, extends, words_},
                                               {.retry = {.attempts = 2, .first = milliseconds(10)},
                                                .timeout = seconds(1),
                                                .blocking = GetParam()});
  }
  std::shared_ptr<std::vector<bool>> cancelled_ = std::make_shared<std::vector<bool>>();
  std::shared_ptr<std::map<std::string, int>> words_ =
      std::make_shared<std::map<std::string, int>>();
};

TEST_P(ReceiverOverrun, IsReportedToTheHandlerAndFailsOnlyItsOwnMessage) {
  start(overrunning(false));
  for (const char* word : {"a", "slow", "b", "c"}) test_->send(words(), text(word));
  for (int i = 0; i < 400; ++i) test_->advance(milliseconds(10));
  EXPECT_GE(cancelled_->size(), 2u);
  for (const bool told : *cancelled_) EXPECT_TRUE(told);
  const auto letters = test_->messages("test.words.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.key(), "slow");
  EXPECT_EQ(letters[0].envelope.dead_letter().code(),
            static_cast<std::uint32_t>(ErrorCode::overran));
  EXPECT_EQ(test_->ledger("test.words").acked, 3u);
  for (const char* word : {"b", "c"}) {
    EXPECT_EQ((*words_)[word], 1) << word << " must not run under a lease that is over";
  }
}

TEST_P(ReceiverOverrun, DoesNotHappenAfterTheHandlerExtendedItsLease) {
  start(overrunning(true));
  for (const char* word : {"a", "slow", "b"}) test_->send(words(), text(word));
  test_->advance(milliseconds(10));
  EXPECT_EQ(*cancelled_, (std::vector<bool>{false}));
  EXPECT_EQ(test_->ledger("test.words").acked, 3u);
}

INSTANTIATE_TEST_SUITE_P(Blocking, ReceiverOverrun, ::testing::Bool());

TEST_F(ReceiverTime, ABatchWhoseWindowIsAsLongAsItsLeaseRuns) {
  const auto sizes = std::make_shared<std::vector<std::size_t>>();
  start(pipeline("test").from(words()).then_batch(
      "gather", [sizes](Batch<StringValue> batch) { sizes->push_back(batch.size()); },
      {.batch = {.max = 9, .window = milliseconds(50)}, .timeout = milliseconds(50)}));
  for (const char* word : {"a", "b"}) test_->send(words(), text(word));
  test_->advance(milliseconds(60));
  EXPECT_EQ(*sizes, (std::vector<std::size_t>{2}));
  EXPECT_EQ(test_->ledger("test.words").acked, 2u);
}

TEST_F(ReceiverTime, WaitingIsCountedOnceAndWithoutTheRequestedDelay) {
  const auto calls = std::make_shared<int>(0);
  start(pipeline("test").from(words()).then_batch(
      "gather",
      [calls](Batch<StringValue> /*batch*/) {
        if (++*calls == 1) throw std::runtime_error("not the first time");
      },
      {.retry = {.first = milliseconds(1)}, .batch = {.max = 9, .window = milliseconds(5)}}));
  test_->send(words(), text("at once"));
  test_->send(words(), text("later"), {.delay = milliseconds(100)});
  test_->advance(milliseconds(200));
  const StageCounts counts = test_->stage_counts().at(0);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.acked, 2u);
  EXPECT_EQ(std::accumulate(counts.wait.counts.begin(), counts.wait.counts.end(), std::uint64_t{0}),
            2u);
  EXPECT_EQ(counts.wait.sum_us, 10'000u) << "each waited for the window of its batch";
}

// Supervision.

/// A stage that ends its worker at each message named "poison", a given number of times. A handler
/// of a user cannot do that.
class Breaking final : public Stage {
 public:
  explicit Breaking(std::shared_ptr<int> times) : times_(std::move(times)) {}
  void run(std::span<StageRun> runs) override {
    for (StageRun& run : runs) {
      run.results.resize(run.inputs.size());
      for (StageResult& result : run.results) result.kind = StageResult::Kind::acked;
      if (run.key == "poison" && (*times_)-- > 0) throw std::runtime_error("broken");
    }
  }

 private:
  std::shared_ptr<int> times_;
};

PipelineSpec breaking(const std::shared_ptr<int>& times, const std::shared_ptr<int>& made) {
  PipelineSpec spec =
      pipeline("test").from(words()).then("break", Refuse{}, {.retry = {.attempts = 3}});
  spec.stages[0].make = [times, made] {
    if (++*made == 2) throw std::runtime_error("cannot be made this time");
    return std::make_unique<Breaking>(times);
  };
  return spec;
}

TEST(ReceiverSupervision, AWorkerThatEndsIsReplacedAndItsMessagesAreRedelivered) {
  const auto times = std::make_shared<int>(1);
  const auto made = std::make_shared<int>(0);
  PipelineTest test({breaking(times, made)});
  for (const char* word : {"a", "poison", "b", "c"}) test.send(words(), text(word));
  test.run();
  EXPECT_EQ(test.ledger("test.words").acked, 1u) << "what it had finished is not lost with it";
  test.advance(milliseconds(99));
  EXPECT_EQ(*made, 1) << "not at once";
  test.advance(milliseconds(2));
  EXPECT_EQ(*made, 2);
  test.advance(milliseconds(150));
  EXPECT_EQ(*made, 2) << "the delay doubles";
  test.advance(milliseconds(100));
  EXPECT_EQ(*made, 3);
  EXPECT_EQ(test.ledger("test.words").acked, 4u);
}

TEST(ReceiverSupervision, AMessageThatEndsEveryWorkerAloneBecomesADeadLetter) {
  const auto times = std::make_shared<int>(1'000);
  const auto made = std::make_shared<int>(2);
  PipelineTest test({breaking(times, made)});
  for (const char* word : {"a", "poison", "b", "c"}) test.send(words(), text(word));
  test.advance(seconds(20));
  const auto letters = test.messages("test.words.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.key(), "poison");
  EXPECT_EQ(letters[0].envelope.dead_letter().failed(), 3u);
  EXPECT_EQ(letters[0].envelope.dead_letter().code(),
            static_cast<std::uint32_t>(ErrorCode::receiver_lost));
  EXPECT_EQ(test.ledger("test.words").acked, 3u);
}

}  // namespace
}  // namespace millrace
