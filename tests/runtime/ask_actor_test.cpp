// Promise: an asker gets the first message that answers its request, or is told why none comes; nothing
// that was asked stays behind. Checked with the real actors on a log in memory and a virtual clock.
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/sender/ask_table.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/runtime/number.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Int64Value;
using google::protobuf::StringValue;

using Reply = std::future<Result<StringValue>>;

const QueueRef<Int64Value>& asked() {
  static const auto ref = queue<Int64Value>("test.asked").key_by(&Int64Value::value);
  return ref;
}
/// With a key of its own, which a reply does not get.
const QueueRef<StringValue>& replies() {
  static const auto ref = queue<StringValue>("test.replies").key_by(&StringValue::value);
  return ref;
}

StringValue word(const std::string& value) {
  StringValue message;
  message.set_value(value);
  return message;
}

Int64Value twice(const Int64Value& in) {
  return number(2 * in.value());
}
StringValue as_word(const Int64Value& in) {
  return word(std::to_string(in.value()));
}

PipelineSpec answering() {
  return pipeline("replies").from(replies()).then_answer("reply");
}

bool is_ready(const Reply& reply) {
  return reply.wait_for(0s) == std::future_status::ready;
}
std::string text_of(Reply& reply) {
  if (!is_ready(reply)) return "(waits)";
  const Result<StringValue> result = reply.get();
  return result ? result->value() : std::string(to_string(result.error().code));
}

/// Nothing waits in any queue: the replies are gone too.
void expect_empty(PipelineTest& test) {
  EXPECT_EQ(test.ledger("test.asked").queued(), 0u);
  EXPECT_EQ(test.ledger("test.replies").queued(), 0u);
}

TEST(Ask, GivesEachAskerItsOwnReply) {
  const auto doubling =
      pipeline("test").from(asked()).then("twice", twice).then("word", as_word).to(replies());
  PipelineTest test({doubling, answering()}, {.shards = 4, .seed = 7});
  std::vector<Reply> got;
  for (int i = 0; i < 50; ++i) got.push_back(test.ask(asked(), replies(), number(i % 10)));
  test.send(asked(), number(3));  // nobody asks: its reply is dropped
  test.run();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(text_of(got[static_cast<std::size_t>(i)]), std::to_string(2 * (i % 10)));
  }
  expect_empty(test);
  EXPECT_EQ(test.ledger("test.replies").acked, 51u);
}

TEST(Ask, TakesTheFirstOfSeveralReplies) {
  const auto repeating = pipeline("test")
                             .from(asked())
                             .then("repeat",
                                   [](const Int64Value& in) {
                                     return std::vector{as_word(in), word("second")};
                                   })
                             .to(replies());
  PipelineTest test({repeating, answering()});
  Reply got = test.ask(asked(), replies(), number(1));
  test.run();
  EXPECT_EQ(text_of(got), "1");
  expect_empty(test);
}

TEST(Ask, GetsAReplyThatATimerSends) {
  struct Remind {
    Routed operator()(const Int64Value& in, Keyed<Int64Value, Int64Value>& seen) const {
      if (seen.exists()) return Routed().to(replies(), as_word(in));
      seen.change().set_value(1);
      seen.set_timer("later", 1s, in);
      return {};
    }
  };
  const auto reminding = pipeline("test").from(asked()).then<Remind>("remind").to(replies());
  PipelineTest test({reminding, answering()});
  Reply got = test.ask(asked(), replies(), number(4));
  test.advance(900ms);
  EXPECT_FALSE(is_ready(got));
  test.advance(200ms);
  EXPECT_EQ(text_of(got), "4");
}

TEST(Ask, EndsAtItsDeadlineAndDropsALateReply) {
  int handled = 0;
  const auto slow = pipeline("test")
                        .from(asked())
                        .then("wait",
                              [&handled](const Int64Value& in) -> Outcome<StringValue> {
                                if (++handled == 1) return Retry::later("busy", 1s);
                                return as_word(in);
                              })
                        .to(replies());
  PipelineTest test({slow, answering()});
  Reply late = test.ask(asked(), replies(), number(1), 500ms);
  Reply patient = test.ask(asked(), replies(), number(2), 3s);
  test.advance(499ms);
  EXPECT_FALSE(is_ready(late));
  EXPECT_EQ(text_of(patient), "2");
  test.advance(2ms);
  EXPECT_EQ(text_of(late), "timeout");
  test.advance(1s);
  EXPECT_EQ(handled, 3) << "the request is handled although nobody waits";
  expect_empty(test);
}

TEST(Ask, IsToldOfADeadLetterAtOnce) {
  const auto failing = pipeline("test")
                           .from(asked())
                           .then("pass", twice)
                           .then("fail",
                                 [](const Int64Value& in) -> Outcome<StringValue> {
                                   if (in.value() == 2) return Reject{"no such thing"};
                                   return Retry{"away", 1s};
                                 },
                                 {.retry = {.attempts = 2}})
                           .to(replies());
  PipelineTest test({failing, answering()});
  Reply rejected = test.ask(asked(), replies(), number(1));
  Reply tried = test.ask(asked(), replies(), number(2));
  test.run();
  ASSERT_TRUE(is_ready(rejected));
  const Result<StringValue> refusal = rejected.get();
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, ErrorCode::rejected);
  EXPECT_EQ(refusal.error().message, "a dead letter of queue test.fail: no such thing");
  EXPECT_FALSE(is_ready(tried)) << "one failure is no end";
  test.advance(1100ms);
  EXPECT_EQ(text_of(tried), "handler_failed") << "and no timeout, which would mean the deadline";
}

TEST(Ask, OfACrashedAskerLeavesNothingBehind) {
  const auto passing = pipeline("test").from(asked()).then("word", as_word).to(replies());
  for (int steps = 1; steps < 60; ++steps) {
    PipelineTest test({passing, answering()});
    Reply got = test.ask(asked(), replies(), number(5));
    test.run_steps(static_cast<std::uint64_t>(steps));
    test.crash();
    ASSERT_TRUE(is_ready(got)) << steps;
    const std::string text = text_of(got);
    EXPECT_TRUE(text == "5" || text == "draining") << text;
    test.run();
    expect_empty(test);
    EXPECT_EQ(test.ledger("test.replies").acked, 1u) << "one request, one reply, after " << steps;
    Reply next = test.ask(asked(), replies(), number(6));
    test.run();
    EXPECT_EQ(text_of(next), "6");
  }
}

TEST(Ask, NeedsAQueueThatAnswers) {
  const auto passing = pipeline("test").from(asked()).then("word", as_word).to(replies());
  PipelineTest test({passing});
  EXPECT_THROW(static_cast<void>(test.ask(asked(), replies(), number(1))), std::invalid_argument);
  PipelineTest answers({passing, answering()});
  const auto other = queue<Int64Value>("test.replies");
  EXPECT_THROW(static_cast<void>(answers.ask(asked(), other, number(1))), std::invalid_argument);
}

TEST(AskTable, EndsInTheOrderOfTheDeadlinesAndHasABound) {
  senders::AskTable table;
  std::vector<std::string> told;
  const auto question = [&told](const std::string& id, SteadyUs until_us) {
    return std::make_shared<senders::Question>(id, until_us, [&told, id](const auto& result) {
      told.push_back(id + " " + std::string(to_string(result.error().code)));
    });
  };
  EXPECT_TRUE(table.add(question("b", 20)));
  EXPECT_TRUE(table.add(question("a", 10)));
  EXPECT_TRUE(table.add(question("c", 30)));
  EXPECT_EQ(table.next_due_us(), 10);
  table.take("c")->settle(Error{ErrorCode::rejected, ""});
  EXPECT_EQ(table.take("c"), nullptr) << "once";
  auto due = table.take_due(20);
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0]->id(), "a");
  due[0]->settle(Error{ErrorCode::timeout, ""});
  due[0]->settle(Error{ErrorCode::rejected, ""});
  due[1]->abandon();
  due.clear();
  EXPECT_EQ(table.next_due_us(), std::nullopt);
  for (std::size_t i = 0; i < senders::AskTable::questions_max; ++i) {
    ASSERT_TRUE(table.add(
        std::make_shared<senders::Question>(std::to_string(i), 1, [](const auto& /*result*/) {})));
  }
  EXPECT_FALSE(table.add(question("full", 1))) << "and that one is told that the node stops";
  EXPECT_EQ(told, (std::vector<std::string>{"c rejected", "a timeout", "full draining"}));
  EXPECT_EQ(table.size(), senders::AskTable::questions_max);
  static_cast<void>(table.take_due(0));
  EXPECT_EQ(table.size(), senders::AskTable::questions_max) << "none is due yet";
}

}  // namespace
}  // namespace millrace
