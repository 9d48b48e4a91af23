// Promise: a message whose handling takes long holds up the messages of its own key, and no other,
// while a worker of its stage is idle; whatever their shards. In virtual time and with threads.
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;

StringValue text(std::string value) {
  StringValue message;
  message.set_value(std::move(value));
  return message;
}
/// "slow.a" and "ok.a" have the key "a".
std::string key_of(const StringValue& word) {
  return word.value().substr(word.value().find('.') + 1);
}
const QueueRef<StringValue>& words() {
  static const auto ref = queue<StringValue>("test.words").key_by(key_of);
  return ref;
}

/// Takes 5 s for each message that begins with "slow", and notes what was acked meanwhile.
struct Slow {
  std::shared_ptr<PipelineTest*> test;
  std::shared_ptr<std::map<std::string, std::uint64_t>> acked_meanwhile;
  void operator()(const StringValue& in) const {
    if (!in.value().starts_with("slow")) return;
    (*test)->advance(5s);
    (*acked_meanwhile)[in.value()] = (*test)->ledger("test.words").acked;
  }
};

class SlowMessage : public ::testing::TestWithParam<bool> {
 protected:
  void start(std::uint32_t workers, std::uint32_t shards) {
    test_ = std::make_unique<PipelineTest>(
        std::vector<PipelineSpec>{pipeline("test").from(words()).then(
            "slow", Slow{handle_, acked_},
            {.workers = workers, .timeout = 30s, .blocking = GetParam()})},
        PipelineTestOptions{.shards = shards});
    *handle_ = test_.get();
  }
  void send(const std::string& word) { test_->send(words(), text(word)); }
  [[nodiscard]] std::uint64_t acked_during(const std::string& word) { return (*acked_)[word]; }

  std::shared_ptr<PipelineTest*> handle_ = std::make_shared<PipelineTest*>(nullptr);
  std::shared_ptr<std::map<std::string, std::uint64_t>> acked_ =
      std::make_shared<std::map<std::string, std::uint64_t>>();
  std::unique_ptr<PipelineTest> test_;
};

TEST_P(SlowMessage, HoldsUpItsOwnKeyOnlyWhileAWorkerIsIdle) {
  start(2, 16);
  send("slow.key");
  for (int i = 0; i < 32; ++i) send("ok." + std::to_string(i));
  send("ok.key");
  test_->run();
  EXPECT_EQ(acked_during("slow.key"), 32u);
  EXPECT_EQ(test_->ledger("test.words").acked, 34u);
}

TEST_P(SlowMessage, OfAShardLetsOtherWorkersTakeFromTheSameShard) {
  start(4, 1);
  send("slow.a");
  send("slow.b");
  send("slow.c");
  for (int i = 0; i < 64; ++i) send("ok." + std::to_string(i));
  test_->run();
  EXPECT_EQ(acked_during("slow.a"), 64u + 2u) << "the first handler is the last to return";
  EXPECT_EQ(acked_during("slow.c"), 64u);
}

TEST_P(SlowMessage, DoesNotKeepBackWhatItsWorkerFinishedBefore) {
  start(1, 1);
  send("ok.a");
  send("ok.b");
  send("slow.c");
  test_->run();
  EXPECT_EQ(acked_during("slow.c"), 2u);
}

TEST_P(SlowMessage, CostsNoOtherMessageItsLease) {
  start(1, 4);
  for (int i = 0; i < 8; ++i) send("slow." + std::to_string(i));
  test_->run();
  EXPECT_EQ(test_->ledger("test.words").acked, 8u);
  EXPECT_EQ(test_->ledger("test.words").redelivered, 0u);
}

INSTANTIATE_TEST_SUITE_P(Blocking, SlowMessage, ::testing::Bool());

/// Messages named "slow" wait until the test lets them go.
class Gate {
 public:
  void handle(const std::string& word) {
    std::unique_lock lock(mutex_);
    if (word.starts_with("slow")) {
      changed_.wait_for(lock, 1min, [&] { return is_open_; });
    }
    ++done_;
    changed_.notify_all();
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return done_ >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int done_ = 0;
};

struct Gated {
  std::shared_ptr<Gate> gate;
  void operator()(const StringValue& in) const { gate->handle(in.value()); }
};

TEST(SlowMessageOnThreads, LeavesTheOthersToTheOtherWorkers) {
  const journal::TemporaryDirectory dir;
  const auto gate = std::make_shared<Gate>();
  const std::vector<PipelineSpec> pipelines{pipeline("test").from(words()).then(
      "gated", Gated{gate}, {.workers = 2, .timeout = 10min, .blocking = true})};
  auto runtime = Runtime::start({.data_dir = dir.path(), .shards = 16}, pipelines);
  ASSERT_TRUE(runtime) << runtime.error().message;
  auto sender = (*runtime)->sender(words(), {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  ASSERT_TRUE(sender->send(text("slow.key")));
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(sender->send(text("ok." + std::to_string(i))));
  EXPECT_TRUE(gate->wait_for(64)) << "messages wait for a handler of another key";
  gate->open();
  EXPECT_TRUE(gate->wait_for(65));
  EXPECT_TRUE((*runtime)->stop());
}

}  // namespace
}  // namespace millrace
