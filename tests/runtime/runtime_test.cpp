// Promise: operators can read and redrive messages whose bodies are not in memory, and a runtime can
// be destroyed while a handler runs. Checked on a real disk.
#include "actors/runtime/runtime.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/engines/engines.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;

struct Fussy {
  std::shared_ptr<std::atomic<bool>> mended;
  Outcome<StringValue> operator()(const StringValue& in) const {
    if (!*mended) return Reject{"not today"};
    return in;
  }
};

TEST(Runtime, ShowsAndRedrivesDeadLettersThatLieOnDisk) {
  constexpr int letters = 40;
  const journal::TemporaryDirectory directory;
  const auto mended = std::make_shared<std::atomic<bool>>(false);
  const auto words = queue<StringValue>("words");
  const auto results = queue<StringValue>("results");
  const std::vector<PipelineSpec> pipelines{
      pipeline("test")
          .from(words)
          .then("fussy", Fussy{mended}, {.dead_letter = "graveyard"})
          .to(results)};
  auto started =
      Runtime::start({.data_dir = directory.path(), .shards = 1, .body_cache_bytes = 1}, pipelines);
  ASSERT_TRUE(started) << started.error().message;
  Runtime& runtime = **started;
  const auto queued = [&](const std::string& name) {
    for (const QueueInfo& info : runtime.queues()) {
      if (info.name == name) return info.ledger.queued();
    }
    return std::uint64_t{0};
  };
  auto sender = runtime.sender(words, {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  for (int i = 0; i < letters; ++i) {
    StringValue word;
    word.set_value(std::to_string(i) + std::string(100'000, 'x'));
    ASSERT_TRUE(sender->send(word));
  }
  ASSERT_TRUE(sender->flush());
  while (queued("graveyard") < letters) continue;

  const auto seen = runtime.peek("graveyard", 1'000);
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->size(), static_cast<std::size_t>(letters));
  for (const MessageView& letter : *seen) {
    EXPECT_GT(letter.envelope.payload().size(), 100'000u);
    EXPECT_EQ(letter.envelope.dead_letter().reason(), "not today");
  }
  EXPECT_EQ(runtime.peek("graveyard", 2)->size(), 2u);
  EXPECT_EQ(runtime.peek("nowhere", 2).error().code, ErrorCode::not_found);

  *mended = true;
  const auto removed = runtime.redrive("graveyard");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->messages, static_cast<std::uint64_t>(letters));
  while (queued("results") < letters) continue;
  EXPECT_EQ(runtime.purge("results")->messages, static_cast<std::uint64_t>(letters));
  EXPECT_EQ(queued("graveyard") + queued("results"), 0u);
  ASSERT_TRUE(runtime.stop());
  started->reset();

  const auto stopped = StoppedNode::open(engines::make_engine(directory.path()),
                                         states::stored_states(directory.path()));
  ASSERT_TRUE(stopped) << stopped.error().message;
  const auto view_of_all = stopped->view(false);
  ASSERT_TRUE(view_of_all);
  for (const QueueView& view : view_of_all->queues) {
    EXPECT_EQ(view.is_dead_letter, view.name == "graveyard") << view.name;
    EXPECT_EQ(view.ledger.queued(), 0u) << view.name;
  }
}

// Runs in a child process, because the thread of a handler that never returns is leaked.
[[noreturn]] void stop_with_a_handler_that_hangs() {
  const journal::TemporaryDirectory directory;
  const auto words = queue<StringValue>("words");
  const auto runs = std::make_shared<std::promise<void>>();
  const auto hang = [runs](const StringValue&) {
    runs->set_value();
    std::promise<void>().get_future().wait();
  };
  {
    auto started =
        Runtime::start({.data_dir = directory.path(), .shards = 1},
                       {pipeline("test").from(words).then("hang", hang, {.blocking = true})});
    auto sender = (*started)->sender(words, {.producer = "test"});
    EXPECT_TRUE(sender->send(StringValue()));
    runs->get_future().wait();
    const auto stopped = (*started)->stop(std::chrono::milliseconds(50));
    EXPECT_EQ(stopped.error().code, ErrorCode::timeout);
  }
  std::filesystem::remove_all(directory.path());
  std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
}

TEST(Runtime, CanBeDestroyedThoughAHandlerNeverReturns) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(stop_with_a_handler_that_hangs(), ::testing::ExitedWithCode(0), "");
}

/// Holds every thread of the scheduler until it is opened.
struct Hang {
  std::shared_ptr<std::promise<void>> begun;
  std::shared_future<void> opened;
  void operator()(const StringValue& /*in*/) const {
    begun->set_value();
    opened.wait();
  }
};

TEST(Runtime, SaysWhichQueuesDoNotAnswer) {
  const journal::TemporaryDirectory directory;
  const auto words = queue<StringValue>("words");
  const auto begun = std::make_shared<std::promise<void>>();
  std::promise<void> open;
  auto started = Runtime::start(
      {.data_dir = directory.path(), .shards = 2, .threads = 1},
      {pipeline("test").from(words).then("hang", Hang{begun, open.get_future().share()})});
  ASSERT_TRUE(started) << started.error().message;
  Runtime& runtime = **started;
  for (const QueueInfo& info : runtime.queues()) EXPECT_EQ(info.unanswered, 0u) << info.name;
  auto sender = runtime.sender(words, {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  ASSERT_TRUE(sender->send(StringValue()));
  begun->get_future().wait();
  const auto infos = runtime.queues(std::chrono::milliseconds(50));
  EXPECT_EQ(infos.size(), 2u);
  for (const QueueInfo& info : infos) {
    EXPECT_EQ(info.unanswered, 2u) << info.name;
    EXPECT_EQ(info.shards.size(), 2u) << info.name;
  }
  open.set_value();
  for (const QueueInfo& info : runtime.queues()) EXPECT_EQ(info.unanswered, 0u) << info.name;
}

}  // namespace
}  // namespace millrace
