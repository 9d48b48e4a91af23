// Promise: a consumer reads a queue in the order of each key, one message at a time, under leases: what
// is acked is gone, and what is retried, released or not settled in time comes again. On a real disk.
#include "actors/runtime/consumer.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Int64Value;
using google::protobuf::StringValue;
using test::text;

/// A word is its key, a colon and what tells it from others of the key.
std::string key_of(const StringValue& word) {
  return word.value().substr(0, word.value().find(':'));
}

class ConsumerTest : public ::testing::Test {
 protected:
  void start(const StageOptions& options) {
    const std::vector<PipelineSpec> pipelines{
        pipeline("test").from(words_).then_external("read", options),
        pipeline("other").from(numbers_).then_external<StringValue>("write").to(
            queue<StringValue>("elsewhere")),
        pipeline("third").from(queue<StringValue>("handled")).then("drop", [](const StringValue&) {
        })};
    auto started = Runtime::start({.data_dir = directory_.path(), .shards = 2}, pipelines);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
    auto opened = runtime_->consumer(words_);
    ASSERT_TRUE(opened) << opened.error().message;
    consumer_.emplace(*std::move(opened));
  }
  void send(const std::vector<std::string>& all) {
    auto sender = runtime_->sender(words_, {.producer = "test-" + std::to_string(++senders_)});
    ASSERT_TRUE(sender) << sender.error().message;
    for (const std::string& word : all) ASSERT_TRUE(sender->send(text(word)));
    ASSERT_TRUE(sender->close(1min));
  }
  [[nodiscard]] Delivery<StringValue> next() {
    auto next = consumer_->next(1min);
    EXPECT_TRUE(next && *next);
    return **std::move(next);
  }
  [[nodiscard]] bool is_idle() {
    const auto next = consumer_->next(0ms);
    EXPECT_TRUE(next);
    return !*next;
  }
  [[nodiscard]] std::uint64_t queued(const std::string& name) {
    for (const QueueInfo& info : runtime_->queues()) {
      if (info.name == name) return info.ledger.queued();
    }
    return 0;
  }
  /// A dead letter is durable when its message is settled, and counted a moment later.
  void await_dead(std::uint64_t count) {
    const auto until = std::chrono::steady_clock::now() + 1min;
    while (queued("words.dead") != count && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    EXPECT_EQ(queued("words.dead"), count);
  }

  const journal::TemporaryDirectory directory_;
  const QueueRef<StringValue> words_ = queue<StringValue>("words").key_by(key_of);
  const QueueRef<Int64Value> numbers_ = queue<Int64Value>("numbers");
  std::unique_ptr<Runtime> runtime_;
  std::optional<Consumer<StringValue>> consumer_;
  int senders_ = 0;
};

TEST_F(ConsumerTest, ReadsTheMessagesOfAKeyInOrderOneAtATime) {
  start({});
  EXPECT_TRUE(is_idle());
  send({"k:1", "k:2"});
  Delivery<StringValue> first = next();
  EXPECT_EQ(first.message().value(), "k:1");
  EXPECT_EQ(first.key(), "k");
  EXPECT_EQ(first.sequence(), 1u);
  EXPECT_EQ(first.call_id().size(), 32u);
  EXPECT_TRUE(is_idle()) << "the second waits for the first";
  EXPECT_TRUE(first.ack());
  EXPECT_EQ(first.ack().error().code, ErrorCode::invalid_argument) << "once";
  Delivery<StringValue> second = next();
  EXPECT_EQ(second.message().value(), "k:2");
  EXPECT_TRUE(second.ack());
  EXPECT_EQ(queued("words"), 0u);
}

TEST_F(ConsumerTest, RetriesPostponesAndRejects) {
  start({.retry = {.attempts = 2}});
  send({"k"});
  const std::string id = next().call_id();  // and releases it
  Delivery<StringValue> released = next();
  EXPECT_EQ(released.failed(), 0u) << "a release is no failure";
  EXPECT_EQ(released.call_id(), id);
  EXPECT_TRUE(released.retry(Retry::later("busy", 1ms)));
  Delivery<StringValue> postponed = next();
  EXPECT_EQ(postponed.failed(), 0u);
  EXPECT_TRUE(postponed.retry({"again", -1ms}));
  Delivery<StringValue> retried = next();
  EXPECT_EQ(retried.failed(), 1u);
  EXPECT_TRUE(retried.reject({"no"}));
  EXPECT_EQ(queued("words"), 0u);
  await_dead(1);
}

TEST_F(ConsumerTest, LosesAMessageThatItDoesNotSettleInTime) {
  start({.timeout = 100ms});
  send({"k"});
  Delivery<StringValue> late = next();
  Delivery<StringValue> again = next();
  EXPECT_EQ(late.extend(1min).error().code, ErrorCode::lease_expired);
  EXPECT_EQ(late.ack().error().code, ErrorCode::lease_expired);
  EXPECT_TRUE(again.extend(1min));
  EXPECT_TRUE(again.ack());
  EXPECT_EQ(queued("words"), 0u);
}

TEST_F(ConsumerTest, GivesUpWhatIsNoMessageOfItsType) {
  start({});
  auto link = runtime_->sender_link("words", {.producer = "raw"});
  ASSERT_TRUE(link);
  ASSERT_TRUE((*link)->send("k", "\xff", {}, {}, true));
  ASSERT_TRUE((*link)->close(1min));
  send({"k:2"});
  Delivery<StringValue> readable = next();
  EXPECT_EQ(readable.message().value(), "k:2");
  EXPECT_TRUE(readable.ack());
  await_dead(1);
}

TEST_F(ConsumerTest, IsToldThatTheNodeStops) {
  start({});
  auto waiting = std::async(std::launch::async, [this] { return consumer_->next(1h); });
  EXPECT_TRUE(runtime_->stop(1min));
  const auto stopped = waiting.get();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::draining);
}

TEST_F(ConsumerTest, NeedsAnExternalStageThatWritesNothing) {
  start({});
  const auto handled = runtime_->consumer(queue<StringValue>("handled"));
  EXPECT_EQ(handled.error().code, ErrorCode::not_found);
  const auto wrong_type = runtime_->consumer(queue<Int64Value>("words"));
  EXPECT_EQ(wrong_type.error().code, ErrorCode::invalid_argument);
  const auto writes = runtime_->consumer(numbers_);
  EXPECT_EQ(writes.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace millrace
