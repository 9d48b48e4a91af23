// Promise: a node that stops waits for the outcomes of async handlers, which other threads give, but no
// longer than their leases; what has none by then is handled after the next start.
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;

/// Gives the promise of each handling to the test.
class AsyncDrain : public ::testing::Test {
 protected:
  void start(const StageOptions& options = {}) {
    called_ = std::make_shared<std::promise<Promise<void>>>();
    const std::vector<PipelineSpec> pipelines{pipeline("test").from(words_).then(
        "wait",
        [called = called_](const StringValue&) {
          const Promise<void> promise;
          called->set_value(promise);
          return promise.pending();
        },
        options)};
    auto started = Runtime::start({.data_dir = directory_.path(), .shards = 1}, pipelines);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
  }
  void send() {
    auto sender = runtime_->sender(words_, {.producer = "test"});
    ASSERT_TRUE(sender) << sender.error().message;
    ASSERT_TRUE(sender->send({}));
    ASSERT_TRUE(sender->close(1min));
  }
  /// The promise of the handling, once it has begun.
  [[nodiscard]] Promise<void> promise() {
    auto future = called_->get_future();
    EXPECT_EQ(future.wait_for(1min), std::future_status::ready);
    return future.get();
  }
  [[nodiscard]] std::uint64_t queued() {
    for (const QueueInfo& info : runtime_->queues()) {
      if (info.name == words_.name()) return info.ledger.queued();
    }
    return 0;
  }

  const journal::TemporaryDirectory directory_;
  const QueueRef<StringValue> words_ = queue<StringValue>("words");
  std::shared_ptr<std::promise<Promise<void>>> called_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(AsyncDrain, WaitsForTheOutcome) {
  start();
  send();
  const Promise<void> waiting = promise();
  auto stopped =
      std::async(std::launch::async, [this] { return runtime_->stop(1min).has_value(); });
  // The stop has begun: offers are refused.
  while (runtime_->sender(words_, {.producer = "other"})) std::this_thread::yield();
  EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
  waiting.set({});
  EXPECT_TRUE(stopped.get());
  runtime_.reset();
  start();
  EXPECT_EQ(queued(), 0u);
}

TEST_F(AsyncDrain, WaitsNoLongerThanTheLease) {
  start({.timeout = 200ms});
  send();
  const Promise<void> waiting = promise();
  EXPECT_TRUE(runtime_->stop(1min));
  EXPECT_TRUE(waiting.is_cancelled());
  runtime_.reset();
  waiting.set({});
  start();
  const Promise<void> again = promise();
  again.set({});
  EXPECT_TRUE(runtime_->stop(1min));
}

}  // namespace
}  // namespace millrace
