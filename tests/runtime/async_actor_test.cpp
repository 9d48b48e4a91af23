// Promise: a handler may return a Pending: its message is done once the promise is given an outcome,
// whoever gives it and when, and no thread waits meanwhile; order, retries, leases and crashes are as
// with any handler. On actors of a node in virtual time.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "messages/error_code.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using test::text;
using test::words;

const QueueRef<StringValue>& answers() {
  static const auto ref = queue<StringValue>("test.answers");
  return ref;
}

/// Calls of the handler, in order.
struct Asked {
  struct Call {
    std::string word;
    Context::Facts facts;
    Promise<StringValue> promise;
  };
  std::vector<Call> calls;
  int made = 0;        ///< handlers, or tries to make one
  int made_badly = 0;  ///< of the next ones, the constructors throw
};

class Ask {
 public:
  explicit Ask(std::shared_ptr<Asked> asked) : asked_(std::move(asked)) {}

  Pending<StringValue> operator()(const StringValue& word, const Context& context) {
    if (word.value() == "throws") throw std::runtime_error("as any handler may");
    if (word.value() == "at once") return Outcome<StringValue>(word);
    if (word.value() == "rejected at once") return Reject{"no"};
    Promise<StringValue> promise;
    if (word.value() == "set at once") promise.set(word);
    asked_->calls.push_back({word.value(), context.facts(), promise});
    return promise.pending();
  }

 private:
  std::shared_ptr<Asked> asked_;
};

class AsyncHandler : public ::testing::Test {
 protected:
  void start(const StageOptions& options, const PipelineTestOptions& test_options = {}) {
    PipelineSpec spec =
        pipeline("test").from(words()).then("ask", Ask{asked_}, options).to(answers());
    spec.stages[0].make_async = [asked = asked_, make = spec.stages[0].make_async] {
      ++asked->made;
      if (asked->made_badly > 0 && asked->made_badly-- > 0) throw std::runtime_error("not yet");
      return make();
    };
    test_ = std::make_unique<PipelineTest>(std::vector<PipelineSpec>{spec}, test_options);
  }
  void send(const std::vector<std::string>& all) {
    for (const std::string& word : all) test_->send(words(), text(word));
    test_->run();
  }
  /// Words that were asked for, in order.
  [[nodiscard]] std::vector<std::string> asked() const {
    std::vector<std::string> all;
    for (const Asked::Call& call : asked_->calls) all.push_back(call.word);
    return all;
  }
  /// Answers call `index`, and runs what follows.
  void answer(std::size_t index, Outcome<StringValue> outcome) {
    asked_->calls.at(index).promise.set(std::move(outcome));
    test_->run();
  }
  [[nodiscard]] std::vector<std::string> answered() {
    std::vector<std::string> all;
    for (const StringValue& one : test_->peek(answers())) all.push_back(one.value());
    return all;
  }
  [[nodiscard]] std::size_t dead() { return test_->messages("test.words.dead").size(); }

  std::shared_ptr<Asked> asked_ = std::make_shared<Asked>();
  std::unique_ptr<PipelineTest> test_;
};

using Words = std::vector<std::string>;

TEST_F(AsyncHandler, IsDoneWhenItsOutcomeComes) {
  start({}, {.shards = 4});
  send({"a", "b", "c"});
  EXPECT_EQ(asked().size(), 3u) << "one worker begins all of them";
  EXPECT_EQ(test_->ledger("test.words").acked, 0u);
  for (std::size_t i = 3; i-- > 0;) answer(i, text(asked_->calls[i].word + "!"));
  EXPECT_EQ(test_->ledger("test.words").acked, 3u);
  EXPECT_EQ(answered().size(), 3u);
  answer(0, text("a second time"));
  EXPECT_EQ(answered().size(), 3u) << "only the first outcome counts";
  EXPECT_EQ(test_->stage_counts().at(0).acked, 3u);
}

TEST_F(AsyncHandler, MayHaveItsOutcomeAtOnce) {
  start({});
  send({"at once", "set at once", "rejected at once"});
  EXPECT_EQ(answered(), (Words{"at once", "set at once"}));
  EXPECT_EQ(dead(), 1u);
}

TEST_F(AsyncHandler, WaitsForNoMoreThanItsOptionsSay) {
  start({.workers = 2, .in_progress = 2});
  Words many;
  for (int i = 0; i < 10; ++i) many.push_back(std::to_string(i));
  send(many);
  EXPECT_EQ(asked().size(), 4u);
  EXPECT_EQ(asked_->made, 2) << "one for each worker";
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(asked().size(), std::min<std::size_t>(10, 4 + i));
    answer(i, Outcome<StringValue>());
  }
  EXPECT_EQ(test_->ledger("test.words").acked, 10u);
}

TEST_F(AsyncHandler, HandlesMessagesOfAKeyInOrderOneAtATime) {
  start({});
  send({"k", "k", "other", "k"});
  EXPECT_EQ(asked(), (Words{"k", "other"}));
  answer(0, text("1"));
  EXPECT_EQ(asked(), (Words{"k", "other", "k"}));
  EXPECT_EQ(asked_->calls[2].facts.sequence, 2u);
  answer(2, text("2"));
  answer(3, text("3"));
  EXPECT_EQ(asked_->calls[3].facts.sequence, 4u);
  EXPECT_EQ(answered(), (Words{"1", "2", "3"}));
}

TEST_F(AsyncHandler, FailsAsAnyHandler) {
  start({.retry = {.attempts = 1}});
  send({"throws", "fails", "drops", "rejects", "retries", "late"});
  EXPECT_EQ(dead(), 1u) << "what threw has failed";
  asked_->calls.at(0).promise.fail("said so");
  asked_->calls.at(1).promise = {};
  test_->run();
  answer(2, Reject{"no"});
  answer(3, Retry{"again"});
  answer(4, Retry::later("busy", 1s));
  std::map<std::string, std::string> reasons;
  for (const MessageView& letter : test_->messages("test.words.dead")) {
    reasons[letter.envelope.key()] = letter.envelope.dead_letter().reason();
  }
  EXPECT_EQ(reasons, (std::map<std::string, std::string>{
                         {"drops", "the handler's promise was destroyed without an outcome"},
                         {"fails", "said so"},
                         {"rejects", "no"},
                         {"retries", "again"},
                         {"throws", "as any handler may"}}));
  test_->advance(1100ms);
  EXPECT_EQ(asked().back(), "late");
  EXPECT_EQ(asked_->calls.back().facts.failed, 0u);
}

TEST_F(AsyncHandler, EndsTheRunOfAKeyAtAFailure) {
  start({});
  send({"k", "k"});
  answer(0, Retry{"again", 10ms});
  EXPECT_EQ(asked().size(), 1u) << "the second waits for the first";
  test_->advance(20ms);
  answer(1, text("1"));
  answer(2, text("2"));
  EXPECT_EQ(answered(), (Words{"1", "2"}));
}

TEST_F(AsyncHandler, LosesItsMessageWithItsLease) {
  start({.timeout = 1s});
  send({"a"});
  test_->advance(990ms);
  EXPECT_FALSE(asked_->calls[0].promise.is_cancelled());
  test_->advance(500ms);
  EXPECT_TRUE(asked_->calls[0].promise.is_cancelled());
  ASSERT_GE(asked().size(), 2u);
  EXPECT_EQ(asked_->calls[1].facts.failed, 1u);
  EXPECT_EQ(test_->stage_counts().at(0).overran, 1u);
  answer(0, text("too late"));
  EXPECT_TRUE(answered().empty());
  answer(1, text("in time"));
  EXPECT_EQ(answered(), (Words{"in time"}));
}

TEST_F(AsyncHandler, ThatNeverHasAnOutcomeGivesItsPlaceToOthers) {
  start({.timeout = 1s, .in_progress = 1});
  send({"never", "next"});
  EXPECT_EQ(asked(), (Words{"never"}));
  test_->advance(1100ms);
  EXPECT_EQ(asked(), (Words{"never", "next"}));
}

TEST_F(AsyncHandler, ExtendsItsLease) {
  start({.timeout = 1s});
  send({"a"});
  for (int i = 0; i < 10; ++i) {
    test_->advance(900ms);
    asked_->calls[0].promise.extend(1s);
    test_->run();
  }
  answer(0, text("a"));
  EXPECT_EQ(asked().size(), 1u);
  EXPECT_EQ(answered(), (Words{"a"}));
  EXPECT_EQ(test_->stage_counts().at(0).overran, 0u);
}

TEST_F(AsyncHandler, IsCalledAgainAfterACrash) {
  start({});
  send({"a"});
  test_->crash();
  test_->run();
  EXPECT_EQ(asked(), (Words{"a", "a"}));
  EXPECT_EQ(asked_->calls[1].facts.failed, 0u);
  EXPECT_TRUE(asked_->calls[0].promise.is_cancelled());
  asked_->calls[0].promise.extend(1h);
  answer(0, text("of the former process"));
  EXPECT_TRUE(answered().empty());
  answer(1, text("a"));
  EXPECT_EQ(answered(), (Words{"a"}));
}

TEST_F(AsyncHandler, MayOutliveTheNodeWithItsPromise) {
  start({});
  send({"a"});
  test_.reset();
  Promise<StringValue>& promise = asked_->calls[0].promise;
  EXPECT_TRUE(promise.is_cancelled());
  promise.extend(1h);
  promise.set(text("to nobody"));
}

TEST_F(AsyncHandler, IsMadeAgainIfItsConstructorThrows) {
  start({.workers = 2});
  test_->run();
  asked_->made_badly = 2;
  asked_->made = 0;
  test_->crash();
  send({"a"});
  EXPECT_EQ(asked().size(), 0u);
  test_->advance(99ms);
  EXPECT_EQ(asked_->made, 1);
  test_->advance(250ms);
  EXPECT_EQ(asked_->made, 4) << "two that threw, and one for each worker";
  answer(0, text("a"));
  EXPECT_EQ(answered(), (Words{"a"}));
}

/// Ends the process when it is called with "poison".
struct Kill {
  std::shared_ptr<PipelineTest*> test;
  Pending<void> operator()(const StringValue& word) const {
    if (word.value() == "poison") (*test)->end_process();
    return Outcome<void>();
  }
};

TEST(AsyncSupervision, AMessageThatEndsTheProcessBecomesADeadLetter) {
  const auto self = std::make_shared<PipelineTest*>(nullptr);
  PipelineTest test({pipeline("test").from(words()).then("kill", Kill{self})});
  *self = &test;
  for (const char* word : {"a", "poison", "b"}) test.send(words(), text(word));
  test.run();
  const auto letters = test.messages("test.words.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.key(), "poison");
  EXPECT_EQ(letters[0].envelope.dead_letter().code(),
            static_cast<std::uint32_t>(ErrorCode::poison));
  EXPECT_EQ(test.ledger("test.words").acked, 2u);
}

// The same seed gives the same run; in each, promises are given in another order between the steps of
// the actors, and the node crashes.
TEST(AsyncSupervision, NothingIsLostOrDoneTwiceWhateverTheOrder) {
  constexpr std::size_t messages = 20;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto asked = std::make_shared<Asked>();
    const auto give = [&asked](std::size_t call) {
      const Asked::Call& given = asked->calls[call];
      given.promise.set(text(std::to_string(given.facts.id.low)));
    };
    PipelineTest test(
        {pipeline("test").from(words()).then("ask", Ask{asked}, {.in_progress = 3}).to(answers())},
        {.shards = 3, .seed = seed});
    for (std::size_t i = 0; i < messages; ++i) test.send(words(), text(std::to_string(i % 7)));
    std::uint64_t random = seed;
    for (int i = 0; i < 200; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      test.run_steps(random >> 60);
      if (!asked->calls.empty()) give((random >> 33) % asked->calls.size());
      if (random >> 59 == 7) test.crash();
    }
    test.run();
    for (std::size_t i = 0; i < asked->calls.size(); ++i) {
      give(i);
      test.run();
    }
    EXPECT_EQ(test.ledger("test.words").acked, messages) << "seed " << seed;
    std::set<std::string> seen;
    for (const StringValue& one : test.peek(answers())) {
      EXPECT_TRUE(seen.insert(one.value()).second) << "seed " << seed << ": twice";
    }
    EXPECT_EQ(seen.size(), messages) << "seed " << seed;
  }
}

}  // namespace
}  // namespace millrace
