// Promise: nothing that a message contains, or that a handler makes of it, gives a record that the
// log cannot take: the sender refuses it, or the message fails.
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/base/clock.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/sender.hpp"
#include "actors/sender/sender_inbox.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "messages/bounds.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using test::text;

const std::string largest_key(key_bytes_max, 'k');

QueueRef<StringValue> source() {
  return queue<StringValue>("in").key_by([](const StringValue&) { return largest_key; });
}
QueueRef<StringValue> target() {
  return queue<StringValue>("out");
}

PipelineTestOptions one_attempt() {
  PipelineTestOptions options;
  options.limits.failed_max = 0;
  return options;
}

template <class Handler>
PipelineSpec stage(Handler handler) {
  return pipeline("p")
      .from(source())
      .then("stage", std::move(handler), {.retry = {.attempts = 1}})
      .to(target());
}

std::string reason_of_dead_letter(PipelineTest& test) {
  const auto dead = test.messages("in.dead");
  return dead.size() == 1 ? dead[0].envelope.dead_letter().reason() : "no dead letter";
}

TEST(OutcomeBounds, CountTheKeysThatOutputsInherit) {
  PipelineTest test(
      {stage([](const StringValue&) { return std::vector<StringValue>(300, text("x")); })},
      one_attempt());
  test.send(source(), text("a"));
  test.run();
  EXPECT_NE(reason_of_dead_letter(test).find("expected at most"), std::string::npos)
      << reason_of_dead_letter(test);
  EXPECT_EQ(test.messages("out").size(), 0u);
}

TEST(OutcomeBounds, CountTheKeysOfTimers) {
  PipelineTest test({stage([](const StringValue& in, Keyed<StringValue>& state) {
                      state.change().set_value("kept only if the message is acked");
                      for (int i = 0; i < 150; ++i) state.set_timer(std::to_string(i), 1h, in);
                      return in;
                    })},
                    one_attempt());
  test.send(source(), text("a"));
  test.run();
  EXPECT_NE(reason_of_dead_letter(test).find("expected at most"), std::string::npos)
      << reason_of_dead_letter(test);
  EXPECT_EQ(test.state<StringValue>("in", largest_key), std::nullopt) << "the state was undone";
}

TEST(OutcomeBounds, CountTheKeysOfClearedTimers) {
  PipelineTest test({stage([](const StringValue& in, Keyed<StringValue>& state) {
                      for (int i = 0; i < 300; ++i) state.clear_timer(std::to_string(i));
                      return in;
                    })},
                    one_attempt());
  test.send(source(), text("a"));
  test.run();
  EXPECT_NE(reason_of_dead_letter(test).find("expected at most"), std::string::npos)
      << reason_of_dead_letter(test);
}

// As much as a handler may make of one message, in every part at once.
TEST(OutcomeBounds, LeaveRoomForTheLargestOutcomeStateAndRun) {
  PipelineTest test({stage([](const StringValue& in, Keyed<StringValue>& state) {
    state.change().set_value(std::string(state_bytes_max - 100, 's'));
    if (in.value() != "last") return std::vector<StringValue>(1, text(std::string(2'000'000, 'y')));
    state.set_timer("timer", 1h, text(std::string(1u << 17, 't')));
    return std::vector<StringValue>(2, text(std::string((4u << 20) - 1000, 'x')));
  })});
  test.send(source(), text("first"));
  test.send(source(), text("last"));
  test.run();
  EXPECT_EQ(reason_of_dead_letter(test), "no dead letter");
  EXPECT_EQ(test.messages("out").size(), 3u);
}

TEST(OutcomeBounds, LetALargestMessageBePassedOnAsItIs) {
  PipelineTest test({stage([](const StringValue& in, Keyed<StringValue>& state) {
    state.record(text("passed on"));
    return in;
  })});
  // 5 bytes are the tag and length of the value.
  const StringValue largest = text(std::string(message_bytes_max - key_bytes_max - 5, 'x'));
  ASSERT_EQ(largest.ByteSizeLong() + key_bytes_max, message_bytes_max);
  test.send(source(), largest);
  test.run();
  EXPECT_EQ(reason_of_dead_letter(test), "no dead letter");
  EXPECT_EQ(test.messages("out").size(), 1u);
}

TEST(OutcomeBounds, FailAMessageWhoseOutputHasATooLargeKey) {
  const auto far = queue<StringValue>("far").key_by(
      [](const StringValue&) { return std::string(key_bytes_max + 1, 'k'); });
  PipelineTest test(
      {pipeline("p")
           .from(source())
           .then("stage", [](const StringValue& in) { return in; }, {.retry = {.attempts = 1}})
           .to(far)},
      one_attempt());
  test.send(source(), text("a"));
  test.run();
  EXPECT_EQ(reason_of_dead_letter(test),
            "the handler returned a key of 65537 bytes; expected at most 65536");
}

TEST(OutcomeBounds, OfOffersAreCheckedBySenders) {
  const SystemClock clock;
  const auto inbox =
      std::make_shared<senders::SenderInbox>(senders::SenderInbox::Window{10}, [] {});
  SenderLink link(inbox, 1, clock, {0});
  const auto code = [&](std::string key, std::size_t payload, std::string idempotency_key = {}) {
    const auto sent = link.send(std::move(key), std::string(payload, 'x'),
                                {.idempotency_key = std::move(idempotency_key)}, {}, false);
    return sent ? std::string("taken") : std::string(to_string(sent.error().code));
  };
  EXPECT_EQ(code(largest_key, message_bytes_max - key_bytes_max), "taken");
  EXPECT_EQ(code(largest_key, message_bytes_max - key_bytes_max + 1), "too_large");
  EXPECT_EQ(code(largest_key + "k", 1), "too_large");
  EXPECT_EQ(code("k", 1, std::string(idempotency_key_bytes_max, 'i')), "taken");
  EXPECT_EQ(code("k", 1, std::string(idempotency_key_bytes_max + 1, 'i')), "too_large");
}

}  // namespace
}  // namespace millrace
