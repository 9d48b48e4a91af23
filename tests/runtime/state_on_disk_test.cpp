// Promise: a node whose keys do not fit into its state cache handles each message with the state that
// the message before left, over restarts, kills, switches between memory and disk, backups and
// forgetting; a data directory whose keyed state is not the one of its checkpoint does not start.
// Checked on a real journal and RocksDB with a cache of a few keys.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "actors/engines/engines.hpp"
#include "actors/engines/stored_backup.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/runtime/number.hpp"
#include "tests/runtime/numbered_keys.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

using google::protobuf::Int64Value;

constexpr int keys = 3'000;

class StateOnDisk : public ::testing::Test {
 protected:
  static RuntimeOptions options_of(const std::filesystem::path& data_dir, bool on_disk = true) {
    RuntimeOptions options = small_runtime(data_dir);
    options.checkpoint_log_bytes = 1u << 20;
    options.state_cache_bytes = on_disk ? 256u << 10 : 0;  // about 500 keys
    return options;
  }
  Result<std::unique_ptr<Runtime>> make(RuntimeOptions options, StageOptions stage = {}) {
    return Runtime::start(std::move(options), {pipeline("test").from(work()).then(
                                                  "count", CountNumbers{&wrong_}, stage)});
  }
  void start(bool on_disk = true, StageOptions stage = {}) {
    auto started = make(options_of(data_dir_, on_disk), stage);
    ASSERT_OK(started);
    runtime_ = std::move(*started);
  }
  // Sends the next message of each of the keys, and waits until they are handled.
  void round(int first = 0, int last = keys) {
    auto sender = runtime_->sender(work(), {.producer = "test" + std::to_string(rounds_++)});
    ASSERT_OK(sender);
    for (int key = first; key < last; ++key) {
      StringValue message;
      message.set_value(key_name(key) + ":" + std::to_string(++sent_[key_name(key)]));
      ASSERT_OK(sender->send(message));
    }
    ASSERT_TRUE(sender->flush());
    wait_empty();
  }
  void wait_empty() { ASSERT_TRUE(await_handled(*runtime_)); }
  void stop() {
    ASSERT_OK(runtime_->stop());
    runtime_.reset();
  }
  void expect(const KeyView& view, const std::string& key, std::int64_t sent) {
    Int64Value value;
    ASSERT_TRUE(value.ParseFromString(view.value));
    EXPECT_EQ(value.value(), sent) << key;
    ASSERT_EQ(view.history.size(), static_cast<std::size_t>(sent)) << key;
    for (std::size_t i = 0; i < view.history.size(); ++i) {
      StringValue entry;
      ASSERT_TRUE(entry.ParseFromString(view.history[i].value));
      EXPECT_EQ(entry.value(), key + ":" + std::to_string(i + 1));
    }
  }
  void expect_running() {
    for (int i = 0; i < keys; i += 37) {
      const auto view = runtime_->key("test.work", key_name(i));
      ASSERT_OK(view);
      expect(*view, key_name(i), sent_[key_name(i)]);
    }
    EXPECT_EQ(runtime_->key("test.work", "absent").error().code, ErrorCode::not_found);
  }
  void expect_stopped(const std::filesystem::path& data_dir) {
    const auto node =
        StoppedNode::open(engines::make_engine(data_dir), states::stored_states(data_dir));
    ASSERT_OK(node);
    const auto view = node->view(false);
    ASSERT_OK(view);
    std::size_t seen = 0;
    for (const QueueView& queue : view->queues) {
      for (const KeyView& key : queue.keys) {
        ++seen;
        expect(key, key.key, sent_[key.key]);
      }
    }
    EXPECT_EQ(seen, sent_.size());
    const auto one = node->key("test.work", key_name(17));
    ASSERT_OK(one);
    expect(*one, key_name(17), sent_[key_name(17)]);
    EXPECT_EQ(node->key("test.work", "absent").error().code, ErrorCode::not_found);
  }
  std::vector<std::filesystem::path> copies() {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(data_dir_ / "state")) {
      if (!entry.path().filename().string().starts_with("live")) all.push_back(entry.path());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  journal::TemporaryDirectory directory_;
  std::filesystem::path data_dir_ = directory_.path() / "data";
  std::atomic<int> wrong_ = 0;
  int rounds_ = 0;
  std::map<std::string, std::int64_t> sent_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(StateOnDisk, EachMessageSeesTheStateOfTheOneBefore) {
  start();
  for (int i = 0; i < 3; ++i) round();
  round(0, 10);
  expect_running();
  stop();
  EXPECT_EQ(wrong_, 0);
  EXPECT_EQ(copies().size(), 2u);
  expect_stopped(data_dir_);
}

TEST_F(StateOnDisk, ARestartGoesOnInEitherMode) {
  for (const bool on_disk : {false, true, true, false, false, true}) {
    start(on_disk);
    round();
    expect_running();
    stop();
    expect_stopped(data_dir_);
  }
  EXPECT_EQ(wrong_, 0);
}

// The child runs the test from its beginning, in the directory that the parent has prepared.
TEST_F(StateOnDisk, AKilledNodeGoesOn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr const char* variable = "MILLRACE_KILLED_NODE";
  const char* prepared = std::getenv(variable);
  if (prepared == nullptr) {
    start();
    round();
    stop();
    ::setenv(variable, data_dir_.c_str(), 1);
  } else {
    data_dir_ = prepared;
    rounds_ = 1;
    for (int key = 0; key < keys; ++key) sent_[key_name(key)] = 1;
  }
  const auto run_and_end = [this] {
    start();
    round();
    round(0, 1'000);
    std::_Exit(wrong_ > 0 ? 8 : 9);
  };
  EXPECT_EXIT(run_and_end(), ::testing::ExitedWithCode(9), "");
  ::unsetenv(variable);
  rounds_ = 3;
  for (int key = 0; key < keys; ++key) sent_[key_name(key)] += key < 1'000 ? 2 : 1;
  expect_stopped(data_dir_);
  start();
  expect_running();
  round();
  stop();
  EXPECT_EQ(wrong_, 0);
  expect_stopped(data_dir_);
}

TEST_F(StateOnDisk, ABackupHasTheKeys) {
  start();
  round();
  round();
  const auto backup = directory_.path() / "backup";
  const auto taken = runtime_->back_up(backup, {}, [] { return Result<void>(); });
  ASSERT_OK(taken);
  const auto sent = sent_;
  round();
  stop();
  const auto restored = directory_.path() / "restored";
  ASSERT_OK(engines::restore_backup(backup, restored));
  std::ofstream(restored / "lock");  // a start would make it
  const auto later = std::exchange(sent_, sent);
  expect_stopped(restored);
  const auto of_stopped = directory_.path() / "backup-of-stopped";
  ASSERT_OK(engines::back_up_stopped(data_dir_, of_stopped, 1));
  std::filesystem::remove_all(restored);
  ASSERT_OK(engines::restore_backup(of_stopped, restored));
  std::ofstream(restored / "lock");
  sent_ = later;
  expect_stopped(restored);
}

// Before, a checkpoint waited until the keyed states were copied.
TEST_F(StateOnDisk, CheckpointsGoOnWhileABackupIsWritten) {
  start();
  round();
  stop();  // writes a checkpoint
  start();
  round();
  const auto backup = directory_.path() / "backup";
  std::map<std::string, std::int64_t> sent;
  bool has_run = false;
  const auto taken = runtime_->back_up(backup, {}, [&]() -> Result<void> {
    if (std::exchange(has_run, true)) return {};
    sent = sent_;
    const std::uint64_t before = runtime_->upkeep_stats().checkpoints.written;
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (runtime_->upkeep_stats().checkpoints.written < before + 3) {
      if (std::chrono::steady_clock::now() > until) {
        return Error{ErrorCode::timeout, "no checkpoint is written"};
      }
      round();
    }
    return {};
  });
  ASSERT_OK(taken);
  EXPECT_TRUE(has_run);
  stop();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_dir_)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
  const auto restored = directory_.path() / "restored";
  ASSERT_OK(engines::restore_backup(backup, restored));
  std::ofstream(restored / "lock");  // a start would make it
  const auto node =
      StoppedNode::open(engines::make_engine(restored), states::stored_states(restored));
  ASSERT_OK(node);
  const auto view = node->key("test.work", key_name(17));
  ASSERT_OK(view);
  EXPECT_GE(view->history.size(), static_cast<std::size_t>(sent[key_name(17)]));
}

TEST_F(StateOnDisk, AKeyFromBeforeItsQueueForgotIsForgotten) {
  start();
  round();
  stop();
  start(true, {.keep_state = std::chrono::milliseconds(500)});
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto rest = [&] {
    int left = 0;
    for (int key = 0; key < keys; ++key) {
      left += runtime_->key("test.work", key_name(key)) ? 1 : 0;
    }
    return left;
  };
  while (rest() > 0 && std::chrono::steady_clock::now() < until) round(keys, keys + 1);
  EXPECT_EQ(rest(), 0) << "none of them was changed since";
  stop();
}

TEST_F(StateOnDisk, AKeyThatIsKeptForATimeIsForgotten) {
  start(true, {.keep_state = std::chrono::milliseconds(500)});
  round();
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (runtime_->key("test.work", key_name(5)) && std::chrono::steady_clock::now() < until) {
    round(keys, keys + 1);  // its key is in use
  }
  EXPECT_EQ(runtime_->key("test.work", key_name(5)).error().code, ErrorCode::not_found);
  EXPECT_TRUE(runtime_->key("test.work", key_name(keys)));
  stop();
  const auto node =
      StoppedNode::open(engines::make_engine(data_dir_), states::stored_states(data_dir_));
  ASSERT_OK(node);
  EXPECT_EQ(node->key("test.work", key_name(5)).error().code, ErrorCode::not_found);
}

TEST_F(StateOnDisk, AStoreThatIsNotThatOfTheCheckpointIsRefused) {
  for (int i = 0; i < 2; ++i) {
    start();
    round();
    stop();
  }
  ASSERT_EQ(copies().size(), 2u);
  const auto newest = copies().back();
  const auto aside = directory_.path() / "aside";
  const auto expect_refused = [&](const char* what) {
    const auto started = make(options_of(data_dir_));
    ASSERT_FALSE(started) << what;
    EXPECT_EQ(started.error().code, ErrorCode::corrupt) << started.error().message;
    const auto tool =
        StoppedNode::open(engines::make_engine(data_dir_), states::stored_states(data_dir_));
    EXPECT_FALSE(tool) << what;
  };
  std::filesystem::rename(newest, aside);
  expect_refused("missing");
  std::filesystem::copy(copies().front(), newest);
  expect_refused("of the checkpoint before");
  std::filesystem::remove_all(newest);
  std::filesystem::copy(aside, newest);
  for (const auto& file : std::filesystem::directory_iterator(newest)) {
    if (file.path().extension() == ".sst") std::filesystem::resize_file(file.path(), 100);
  }
  expect_refused("truncated");
  std::filesystem::remove_all(newest);
  std::filesystem::rename(aside, newest);
  start();
  stop();
}

}  // namespace
}  // namespace millrace
