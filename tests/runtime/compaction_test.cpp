// Promise: a few old live messages do not keep segments of the log from being deleted, and compaction
// does not lose them. Checked on a real journal with small segments, over restarts and a kill.
#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "actors/engines/engines.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

/// Handles all but "stuck", which it retries for ever, and "bad", which becomes a dead letter.
struct Handle {
  Seen* seen;
  const std::atomic<bool>* stuck;
  Outcome<void> operator()(const StringValue& message) const {
    const std::string name = name_of(message);
    if (name == "stuck" && *stuck) return Retry{"stuck"};
    if (name == "bad") return Reject{"bad"};
    seen->add(name);
    return {};
  }
};

/// 24,000 messages take 96 MB, or 48 segments. At most 12 segments may remain: three checkpoint
/// intervals of 4 MiB, segments too dense to compact, and the reserve.
constexpr std::size_t segment_files_max = 16;

class Compaction : public ::testing::Test {
 protected:
  void start() {
    auto started = Runtime::start(
        small_runtime(data_dir_),
        {pipeline("test").from(work()).then("handle", Handle{&seen_, &stuck_},
                                            {.retry = {.attempts = 1'000,
                                                       .first = std::chrono::milliseconds(1),
                                                       .max = std::chrono::milliseconds(500)}})});
    ASSERT_OK(started);
    runtime_ = std::move(*started);
  }

  void send(const std::string& name, MessageOptions options = {}) {
    if (!sender_) {
      auto made = runtime_->sender(work(), {.producer = "test", .limits = {.window = 256}});
      ASSERT_OK(made);
      sender_.emplace(std::move(*made));
    }
    ASSERT_OK(sender_->send(message(name), std::move(options)));
  }

  // Sends and handles `count` messages. Returns the largest number of segment files seen.
  std::size_t run_traffic(int count) {
    std::size_t files_max = 0;
    for (int i = 0; i < count; ++i) {
      send("m" + std::to_string(sent_++));
      if (i % 100 == 0) files_max = std::max(files_max, segment_files(data_dir_));
    }
    EXPECT_TRUE(sender_->flush());
    for (int i = sent_ - count; i < sent_; ++i) {
      EXPECT_TRUE(seen_.wait_for_name("m" + std::to_string(i)));
    }
    return files_max;
  }

  void send_what_stays() {
    send("stuck");
    send("late", {.delay = std::chrono::hours(1)});
    send("bad");
  }

  void stop() {
    sender_.reset();
    ASSERT_OK(runtime_->stop());
    runtime_.reset();
  }

  void expect_kept() {
    const auto node =
        StoppedNode::open(engines::make_engine(data_dir_), states::stored_states(data_dir_));
    ASSERT_OK(node);
    const auto waiting = node->peek("test.work", 10);
    ASSERT_OK(waiting);
    std::vector<std::string> names;
    for (const MessageView& view : *waiting) {
      StringValue parsed;
      ASSERT_TRUE(parsed.ParseFromString(view.envelope.payload()));
      names.push_back(name_of(parsed));
      EXPECT_EQ(parsed.value(), message(names.back()).value());
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"late", "stuck"}));
    const auto dead = node->peek("test.work.dead", 10);
    ASSERT_OK(dead);
    ASSERT_EQ(dead->size(), 1u);
    EXPECT_EQ(dead->front().envelope.dead_letter().reason(), "bad");
  }

  journal::TemporaryDirectory directory_;
  std::filesystem::path data_dir_ = directory_.path() / "data";
  Seen seen_;
  std::atomic<bool> stuck_ = true;
  int sent_ = 0;
  std::unique_ptr<Runtime> runtime_;
  std::optional<Sender<StringValue>> sender_;
};

TEST_F(Compaction, KeepsTheLogShortAndLosesNoOldMessage) {
  start();
  send_what_stays();
  EXPECT_LE(run_traffic(24'000), segment_files_max);
  stop();
  expect_kept();
  start();
  EXPECT_LE(run_traffic(6'000), segment_files_max);
  stuck_ = false;
  ASSERT_TRUE(seen_.wait_for(static_cast<std::size_t>(sent_) + 1)) << "stuck is not delivered";
  stop();
  for (const auto& [name, count] : seen_.counts()) EXPECT_EQ(count, 1) << name << " ran twice";
}

// A child process ends in the middle of a compaction; a second process continues it.
TEST_F(Compaction, LosesNoOldMessageInACrash) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  // The child process runs this test too, and takes the directory from the environment.
  ::setenv("MILLRACE_TEST_DATA", data_dir_.c_str(), 0);
  data_dir_ = ::getenv("MILLRACE_TEST_DATA");
  const auto run_and_crash = [this] {
    start();
    send_what_stays();
    const std::size_t files = run_traffic(12'000);
    for (int i = 0; i < 1'000; ++i) send("half" + std::to_string(i));
    std::_Exit(files <= segment_files_max ? 0 : 1);
  };
  EXPECT_EXIT(run_and_crash(), ::testing::ExitedWithCode(0), "");
  start();
  sent_ = 12'000;  // continues behind the numbers that the child sent
  // The recovered segments can be deleted only after two more checkpoints.
  EXPECT_LE(run_traffic(6'000), segment_files_max + 6);
  stop();
  expect_kept();
  start();
  stuck_ = false;
  ASSERT_TRUE(seen_.wait_for_name("stuck"));
  stop();
}

}  // namespace
}  // namespace millrace
