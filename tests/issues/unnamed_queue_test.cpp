// Promise: messages and dead letters of queues that no pipeline names any more can be read, redriven
// and dropped.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;

class UnnamedQueue : public ::testing::Test {
 protected:
  // A stage that rejects, with `dead_letter` for its dead letters; writes to `target`.
  void start(const std::string& dead_letter, const std::string& target) {
    runtime_.reset();
    const auto handler = [](const StringValue& in) -> Outcome<StringValue> {
      if (in.value() == "reject") return Reject{"not today"};
      return in;
    };
    const std::vector<PipelineSpec> pipelines{
        pipeline("test")
            .from(in_)
            .then("stage", handler, {.dead_letter = dead_letter})
            .to(queue<StringValue>(target))};
    auto started = Runtime::start({.data_dir = directory_.path(), .shards = 2}, pipelines);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
  }

  void send(const std::vector<std::string>& values) {
    auto sender = runtime_->sender(in_, {.producer = "test"});
    ASSERT_TRUE(sender) << sender.error().message;
    for (const std::string& value : values) {
      StringValue message;
      message.set_value(value);
      ASSERT_TRUE(sender->send(message));
    }
    ASSERT_TRUE(sender->flush());
  }

  [[nodiscard]] std::size_t peeked(const std::string& queue) {
    const auto seen = runtime_->peek(queue, 100);
    EXPECT_TRUE(seen) << seen.error().message;
    return seen ? seen->size() : 0;
  }

  // stop() waits for the handlers in progress and for what they made durable.
  void drain_into(const std::string& queue, std::size_t messages) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (peeked(queue) < messages && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    ASSERT_EQ(peeked(queue), messages);
    ASSERT_TRUE(runtime_->stop());
  }

  const journal::TemporaryDirectory directory_;
  const QueueRef<StringValue> in_ =
      queue<StringValue>("in").key_by([](const StringValue& in) { return in.value(); });
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(UnnamedQueue, OfDeadLettersCanBeReadRedrivenAndDropped) {
  start("first.dead", "out");
  send({"reject", "reject", "reject"});
  drain_into("first.dead", 3);
  for (int restart = 0; restart < 2; ++restart) {  // by the log, and by a checkpoint
    start("second.dead", "out");
    EXPECT_EQ(peeked("first.dead"), 3u);
    ASSERT_TRUE(runtime_->stop());
  }
  start("second.dead", "out");
  const auto redriven = runtime_->redrive("first.dead", {}, 1);
  ASSERT_TRUE(redriven) << redriven.error().message;
  EXPECT_EQ(redriven->messages, 1u);
  const auto dropped = runtime_->purge("first.dead");
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(dropped->messages, 2u);
  drain_into("second.dead", 1);
}

TEST_F(UnnamedQueue, OfMessagesCanBeReadAndDroppedButHoldsNoDeadLetters) {
  start("dead", "parked");
  send({"a", "b"});
  drain_into("parked", 2);
  start("dead", "elsewhere");
  EXPECT_EQ(peeked("parked"), 2u);
  EXPECT_FALSE(runtime_->redrive("parked", {}));
  const auto dropped = runtime_->purge("parked");
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(dropped->messages, 2u);
  EXPECT_FALSE(runtime_->peek("never", 1)) << "neither in a pipeline nor in the log";
}

}  // namespace
}  // namespace millrace
