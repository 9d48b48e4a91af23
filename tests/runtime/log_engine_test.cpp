// Promise: a runtime works on any engine behind actors/log/. An outage of the log is waited out, and
// refuses offers only beyond the engine's patience; a node whose log another process has taken over
// ends with status 75. Checked with the model of a database.
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sysexits.h>

#include "actors/runtime/notices.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/log/model_engine.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

struct Note {
  Seen* seen;
  void operator()(const StringValue& message) const { seen->add(name_of(message)); }
};

class LogEngine : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<logs::Engine> make_engine() {
    return std::make_shared<logs::ModelEngine>(
        server_, logs::ModelOptions{.record_bytes_max = logs::record_bytes_max,
                                    .group_bytes_max = 1u << 20,
                                    .segment_bytes = 1u << 20,
                                    .patience = std::chrono::milliseconds(200)});
  }
  Result<std::unique_ptr<Runtime>> start() {
    RuntimeOptions options;
    options.data_dir = directory_.path() / "node";
    options.shards = 2;
    options.checkpoint_log_bytes = 2u << 20;
    options.engine = make_engine();
    return Runtime::start(std::move(options),
                          {pipeline("test").from(work()).then("note", Note{&seen_})});
  }
  static void send(Runtime& runtime, const std::string& producer, int from, int to) {
    auto sender = runtime.sender(work(), {.producer = producer});
    if (!sender) {
      ADD_FAILURE() << sender.error().message;
      return;
    }
    for (int i = from; i <= to; ++i) {
      const auto sent = sender->send(message(std::to_string(i), 1'000));
      EXPECT_TRUE(sent) << sent.error().message;
    }
    const auto flushed = sender->flush();
    EXPECT_TRUE(flushed) << flushed.error().message;
  }
  [[nodiscard]] static bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const journal::TemporaryDirectory directory_;
  logs::ModelServer server_;
  Seen seen_;
};

TEST_F(LogEngine, KeepsTheStateOfANodeOverItsRuns) {
  for (int run = 0; run < 3; ++run) {
    auto runtime = start();
    ASSERT_OK(runtime);
    send(**runtime, "p" + std::to_string(run), run * 3'000 + 1, run * 3'000 + 3'000);
    ASSERT_TRUE(seen_.wait_for(static_cast<std::size_t>(run + 1) * 3'000));
    ASSERT_OK((*runtime)->stop());
  }
  for (const auto& [name, count] : seen_.counts()) EXPECT_EQ(count, 1) << name;
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "node" / "segments"))
      << "the log lies in the server alone";
  const auto stopped = StoppedNode::open(make_engine());
  ASSERT_OK(stopped);
  const auto view = stopped->view(true);
  ASSERT_OK(view);
  std::uint64_t offered = 0;
  for (const QueueView& queue : view->queues) offered += queue.ledger.offered;
  EXPECT_EQ(offered, 9'000u);
}

TEST_F(LogEngine, MayBeOutOfReachForAWhile) {
  auto runtime = start();
  ASSERT_OK(runtime);
  send(**runtime, "before", 1, 100);
  EXPECT_TRUE((*runtime)->is_log_reachable());
  server_.cut(true);
  std::thread sending([&] { send(**runtime, "during", 101, 2'000); });
  EXPECT_TRUE(eventually([&] { return !(*runtime)->is_log_reachable(); }));
  EXPECT_TRUE(eventually([&] {
    const auto taken = (*runtime)->can_take(work().name(), 0, 100);
    return !taken && taken.error().code == ErrorCode::log_unreachable;
  }));
  server_.cut(false);
  sending.join();
  ASSERT_TRUE(seen_.wait_for(2'000));
  EXPECT_TRUE((*runtime)->is_log_reachable());
  EXPECT_TRUE((*runtime)->can_take(work().name(), 0, 100));
  ASSERT_OK((*runtime)->stop());
  for (const auto& [name, count] : seen_.counts()) EXPECT_EQ(count, 1) << name;
}

TEST_F(LogEngine, ThatLosesAnswersRepeatsNothing) {
  auto runtime = start();
  ASSERT_OK(runtime);
  std::thread sending([&] { send(**runtime, "p", 1, 3'000); });
  for (int i = 0; i < 20; ++i) {
    server_.cut_after_commit();
    if (!eventually(
            [&] { return !(*runtime)->is_log_reachable() || seen_.counts().size() == 3'000; })) {
      break;
    }
    server_.cut(false);
  }
  sending.join();
  ASSERT_TRUE(seen_.wait_for(3'000));
  server_.cut(false);
  ASSERT_OK((*runtime)->stop());
  for (const auto& [name, count] : seen_.counts()) EXPECT_EQ(count, 1) << name;
  const auto stopped = StoppedNode::open(make_engine());
  ASSERT_OK(stopped);
  const auto view = stopped->view(false);
  ASSERT_OK(view);
  for (const QueueView& queue : view->queues) {
    EXPECT_EQ(queue.ledger.offered, queue.ledger.acked) << queue.name;
  }
}

TEST_F(LogEngine, ThatIsFencedEndsTheNodeWithStatus75) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto lose_the_log = [&] {
    auto former = start();
    auto owner = start();
    EXPECT_TRUE(former && owner);
    // The former owner learns of it by its next record.
    auto sender = (*former)->sender(work(), {.producer = "p"});
    EXPECT_TRUE(sender->send(message("never")));
    static_cast<void>(sender->flush());
  };
  EXPECT_EXIT(lose_the_log(), ::testing::ExitedWithCode(EX_TEMPFAIL), "");
}

}  // namespace
}  // namespace millrace
