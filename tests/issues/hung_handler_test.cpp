// Promise: a handler that does not return holds up its own key and nobody else; each end of its lease
// is a failure that is counted, also over restarts; the message becomes a dead letter, `overran`; and
// a stage with threads of its own gets another worker. In virtual time and with threads.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "messages/error_code.hpp"
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
using test::words;

constexpr auto overran = static_cast<std::uint32_t>(ErrorCode::overran);

/// Takes 2 s, twice its lease, for the message "hang".
struct Hang {
  std::shared_ptr<PipelineTest*> test;
  std::shared_ptr<int> calls;
  void operator()(const StringValue& in) const {
    if (in.value() != "hang") return;
    ++*calls;
    (*test)->advance(2s);
  }
};

class HungHandler : public ::testing::TestWithParam<bool> {
 protected:
  void start(std::uint32_t workers, std::chrono::milliseconds retry) {
    test_ = std::make_unique<PipelineTest>(
        std::vector<PipelineSpec>{pipeline("test").from(words()).then("hang", Hang{handle_, calls_},
                                                                      {.workers = workers,
                                                                       .retry = {.first = retry},
                                                                       .timeout = 1s,
                                                                       .blocking = GetParam()})});
    *handle_ = test_.get();
  }

  const std::shared_ptr<PipelineTest*> handle_ = std::make_shared<PipelineTest*>(nullptr);
  const std::shared_ptr<int> calls_ = std::make_shared<int>(0);
  std::unique_ptr<PipelineTest> test_;
};

TEST_P(HungHandler, MakesItsMessageADeadLetterAfterThreeLeases) {
  start(2, 100ms);
  for (const char* word : {"a", "hang", "b"}) test_->send(words(), text(word));
  test_->advance(10s);
  EXPECT_EQ(*calls_, 3);
  EXPECT_EQ(test_->ledger("test.words").acked, 2u);
  const auto letters = test_->messages("test.words.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.key(), "hang");
  EXPECT_EQ(letters[0].envelope.dead_letter().code(), overran);
  EXPECT_EQ(letters[0].envelope.dead_letter().failed(), 3u);
  EXPECT_EQ(test_->stage_counts().at(0).overran, 3u);
}

TEST_P(HungHandler, IsCountedOverRestarts) {
  start(1, 10s);
  test_->send(words(), text("hang"));
  for (int restarts = 1; restarts < 3; ++restarts) {
    while (*calls_ < restarts) test_->advance(100ms);
    test_->crash();
  }
  EXPECT_TRUE(test_->messages("test.words.dead").empty());
  test_->advance(60s);
  EXPECT_EQ(*calls_, 3);
  EXPECT_EQ(test_->messages("test.words.dead").size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Blocking, HungHandler, ::testing::Bool());

TEST(HungHandlerOnAThread, IsReplacedAndLeavesNoOtherMessageBehind) {
  const journal::TemporaryDirectory dir;
  const auto gate = std::make_shared<HandlerGate>("hang");
  const std::vector<PipelineSpec> pipelines{pipeline("test").from(words()).then(
      "gated", Gated{gate}, {.retry = {.first = 10ms}, .timeout = 200ms, .blocking = true})};
  auto started = Runtime::start({.data_dir = dir.path(), .shards = 2}, pipelines);
  ASSERT_TRUE(started) << started.error().message;
  Runtime& runtime = **started;
  auto sender = runtime.sender(words(), {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  ASSERT_TRUE(sender->send(text("hang")));
  EXPECT_TRUE(gate->wait_for_held(1));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(sender->send(text(std::to_string(i))));
  EXPECT_TRUE(gate->wait_for_done(20)) << "the only worker of the stage was not replaced";
  EXPECT_TRUE(gate->wait_for_held(3));
  const auto letters = [&] {
    const auto seen = runtime.peek("test.words.dead", 10);
    return seen ? *seen : std::vector<MessageView>();
  };
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (letters().empty() && std::chrono::steady_clock::now() < until) continue;
  ASSERT_EQ(letters().size(), 1u);
  EXPECT_EQ(letters()[0].envelope.dead_letter().code(), overran);
  gate->open();
  EXPECT_TRUE(runtime.stop());
  EXPECT_EQ(gate->held(), 3) << "handled again after it was given up";
}

}  // namespace
}  // namespace millrace
