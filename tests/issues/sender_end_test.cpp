// Promise: a sender that nobody holds any more, or that is closed, ends once its messages are
// durable, and what one confirmation throws ends no other.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
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
using std::chrono::minutes;

class SenderEnd : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<PipelineSpec> pipelines{
        pipeline("test").from(words_).then("drop", [](const StringValue&) {})};
    auto started = Runtime::start({.data_dir = directory_.path(), .shards = 1}, pipelines);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
  }

  [[nodiscard]] Sender<StringValue> sender() {
    auto opened = runtime_->sender(words_, {.producer = "test-" + std::to_string(++senders_)});
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  const journal::TemporaryDirectory directory_;
  const QueueRef<StringValue> words_ = queue<StringValue>("words");
  std::unique_ptr<Runtime> runtime_;
  int senders_ = 0;
};

TEST_F(SenderEnd, ComesAfterItsMessagesAreDurable) {
  std::promise<bool> durable;
  {
    Sender<StringValue> gone = sender();
    ASSERT_TRUE(gone.send(
        {}, {}, [&durable](const Result<void>& result) { durable.set_value(result.has_value()); }));
  }
  auto is_durable = durable.get_future();
  ASSERT_EQ(is_durable.wait_for(minutes(1)), std::future_status::ready);
  EXPECT_TRUE(is_durable.get());
}

TEST_F(SenderEnd, IsNoticedByTheRuntime) {
  { const Sender<StringValue> gone = sender(); }
  const auto until = std::chrono::steady_clock::now() + minutes(1);
  while (runtime_->senders() > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(runtime_->senders(), 0u);
}

TEST_F(SenderEnd, IsNotCausedByAConfirmationThatThrows) {
  Sender<StringValue> sender = this->sender();
  std::promise<void> confirmed;
  ASSERT_TRUE(sender.send({}, {}, [](const Result<void>&) { throw std::runtime_error("mine"); }));
  ASSERT_TRUE(sender.send({}, {}, [](const Result<void>&) { throw 7; }));
  ASSERT_TRUE(sender.send({}, {}, [&](const Result<void>&) { confirmed.set_value(); }));
  EXPECT_EQ(confirmed.get_future().wait_for(minutes(1)), std::future_status::ready);
  EXPECT_TRUE(sender.flush());
}

TEST_F(SenderEnd, IsWaitedForByClose) {
  Sender<StringValue> sender = this->sender();
  Sender<StringValue> copy = sender;
  std::atomic<int> confirmed = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(sender.send({}, {}, [&](const Result<void>& durable) {
      if (durable) ++confirmed;
    }));
  }
  ASSERT_TRUE(sender.close(minutes(1)));
  EXPECT_EQ(confirmed, 100);
  EXPECT_EQ(copy.send({}).error().code, ErrorCode::draining);
  EXPECT_TRUE(copy.close(minutes(1)));
}

TEST_F(SenderEnd, IsToldToFutures) {
  Sender<StringValue> sender = this->sender();
  std::future<Result<void>> durable = sender.send_future({});
  ASSERT_EQ(durable.wait_for(minutes(1)), std::future_status::ready);
  EXPECT_TRUE(durable.get());
  // A failure of the call itself, which no confirmation would be told.
  std::future<Result<void>> refused = sender.send_future({}, {.priority = 10});
  ASSERT_EQ(refused.wait_for(minutes(0)), std::future_status::ready);
  EXPECT_EQ(refused.get().error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(sender.close(minutes(1)));
  EXPECT_EQ(sender.send_future({}).get().error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace
