// Promise: a message whose handling takes long holds up the messages of its own key, and no other,
// while a worker of its stage is idle; whatever their shards. In virtual time and with threads.
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/issues/handler_gate.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using test::Gated;
using test::HandlerGate;
using test::text;

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

TEST(SlowMessageOnThreads, LeavesTheOthersToTheOtherWorkers) {
  const journal::TemporaryDirectory dir;
  const auto gate = std::make_shared<HandlerGate>("slow");
  const std::vector<PipelineSpec> pipelines{pipeline("test").from(words()).then(
      "gated", Gated{gate}, {.workers = 2, .timeout = 10min, .blocking = true})};
  auto runtime = Runtime::start({.data_dir = dir.path(), .shards = 16}, pipelines);
  ASSERT_TRUE(runtime) << runtime.error().message;
  auto sender = (*runtime)->sender(words(), {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  ASSERT_TRUE(sender->send(text("slow.key")));
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(sender->send(text("ok." + std::to_string(i))));
  EXPECT_TRUE(gate->wait_for_done(64)) << "messages wait for a handler of another key";
  gate->open();
  EXPECT_TRUE(gate->wait_for_done(65));
  EXPECT_TRUE((*runtime)->stop());
}

}  // namespace
}  // namespace millrace
