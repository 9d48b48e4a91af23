// Promise: an asker of a running node gets its reply on whatever shard the request was handled, refuses
// what cannot be answered, and leaves nobody waiting when the node stops. On a real disk.
#include "actors/runtime/asker.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/assembly/federation.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/hash.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Int64Value;
using google::protobuf::StringValue;
using test::text;
using test::words;

/// A cluster whose other nodes never answer.
class LonelyNode final : public Federation {
 public:
  using Serves = std::function<bool(const std::string& queue, std::uint32_t shard)>;

  explicit LonelyNode(Serves serves) : serves_(std::move(serves)) {}
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const override {
    return queue.ends_with(".dead") || serves_(queue, shard);
  }
  [[nodiscard]] queues::OfferHandle remote(ActorSystem& /*system*/, const std::string& /*queue*/,
                                           std::uint32_t /*shard*/) override {
    return {};
  }
  void started(ActorSystem& /*system*/, const NodeActors& /*actors*/,
               ShardMoves& /*moves*/) override {}
  void stopped() override {}

 private:
  const Serves serves_;
};

class AskerTest : public ::testing::Test {
 protected:
  /// What of the queues the node serves; empty: all.
  void start(LonelyNode::Serves serves = {}) {
    if (serves) federation_ = std::make_unique<LonelyNode>(std::move(serves));
    const std::vector<PipelineSpec> pipelines{
        pipeline("test")
            .from(words())
            .then("greet",
                  [](const StringValue& word) -> Outcome<StringValue> {
                    if (word.value() == "wait") return Retry::later("for ever", 1h);
                    return text("hello " + word.value());
                  })
            .to(replies_),
        pipeline("replies").from(replies_).then_answer("reply")};
    auto started =
        Runtime::start({.data_dir = directory_.path(), .shards = 4}, pipelines, federation_.get());
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
  }
  [[nodiscard]] Asker<StringValue, StringValue> asker(const std::string& producer = "test") {
    auto opened = runtime_->asker(words(), replies_, {.producer = producer});
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }

  const journal::TemporaryDirectory directory_;
  const QueueRef<StringValue> replies_ = queue<StringValue>("test.replies");
  std::unique_ptr<Federation> federation_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(AskerTest, GetsItsRepliesByFutureAndByCallback) {
  start();
  const auto asking = asker();
  std::vector<std::future<Result<StringValue>>> futures;
  for (int i = 0; i < 40; ++i) futures.push_back(asking.ask(text(std::to_string(i))));
  for (int i = 0; i < 40; ++i) {
    const Result<StringValue> reply = futures[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->value(), "hello " + std::to_string(i));
  }
  // A callback may ask again. What it throws harms nobody.
  std::promise<std::string> second;
  const auto ask_again = [&](const Result<StringValue>& first) {
    const auto asked = asking.ask(text("again"), {}, [&, first](const Result<StringValue>& reply) {
      second.set_value(first->value() + ", " + reply->value());
      throw std::runtime_error("of the program");
    });
    EXPECT_TRUE(asked);
  };
  ASSERT_TRUE(asking.ask(text("once"), {.deadline = 1min}, ask_again));
  EXPECT_EQ(second.get_future().get(), "hello once, hello again");
  EXPECT_TRUE(asking.ask(text("still")).get());
}

TEST_F(AskerTest, GetsRepliesAtAShardThatItsNodeServes) {
  // Requests and replies of other shards would wait in outboxes, as there are no other nodes.
  start([](const std::string& /*queue*/, std::uint32_t shard) { return shard == 2; });
  std::string word = "w";
  while (shard_of(word, 4) != 2) word += 'w';
  const auto asking = asker();
  for (int i = 0; i < 20; ++i) {
    const Result<StringValue> reply = asking.ask(text(word)).get();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->value(), "hello " + word);
  }
}

TEST_F(AskerTest, RefusesToWaitWhereNoReplyCanCome) {
  start([](const std::string& queue, std::uint32_t /*shard*/) { return queue != "test.replies"; });
  const auto refused = asker().ask(text("a")).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_owner);
  EXPECT_EQ(refused.error().message, "this node serves no shard of the reply queue test.replies");
}

TEST_F(AskerTest, RefusesWhatCannotBeAsked) {
  start();
  const auto code_of = [](const auto& result) {
    return result ? std::optional<ErrorCode>() : result.error().code;
  };
  EXPECT_EQ(code_of(runtime_->asker(words(), words(), {.producer = "p"})), ErrorCode::not_found)
      << "no .then_answer reads it";
  EXPECT_EQ(code_of(runtime_->asker(words(), queue<Int64Value>("test.replies"), {.producer = "p"})),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(runtime_->asker(queue<Int64Value>("test.words"), replies_, {.producer = "p"})),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(runtime_->asker(queue<StringValue>("other"), replies_, {.producer = "p"})),
            ErrorCode::not_found);
  const auto asking = asker();
  const auto never = [](const Result<StringValue>& /*result*/) {
    ADD_FAILURE() << "of an ask that was refused";
  };
  EXPECT_EQ(code_of(asking.ask(text("a"), {.deadline = 0ms}, never)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(asking.ask(text("a"), {.deadline = 25h}, never)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(asking.ask(text("a"), {.message = {.idempotency_key = "k"}}, never)),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(asking.ask(text("a"), {.message = {.priority = 10}}, never)),
            ErrorCode::invalid_argument);
}

TEST_F(AskerTest, TellsThoseWhoWaitThatTheNodeStops) {
  start();
  const auto asking = asker();
  auto waits = asking.ask(text("wait"));
  EXPECT_EQ(asking.ask(text("wait"), {.deadline = 1ms}).get().error().code, ErrorCode::timeout);
  EXPECT_TRUE(runtime_->stop());
  EXPECT_EQ(waits.get().error().code, ErrorCode::draining);
  EXPECT_EQ(asking.ask(text("late")).get().error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace
