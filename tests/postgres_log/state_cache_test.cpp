// Promise: with the log in PostgreSQL, keyed state on disk is a cache. A node that is killed and whose disk is
// gone is taken over by one with an empty directory, and each message is handled with the state that the
// message before left; a checkpoint writes what changed. Checked on a real primary and standby with a
// cache of a few keys.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "actors/engines/engines.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/postgres_log/server_pair.hpp"
#include "tests/runtime/number.hpp"
#include "tests/runtime/numbered_keys.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Int64Value;

constexpr int keys = 2'000;
// What the parent of a death test tells its child.
constexpr const char* dsn_variable = "MILLRACE_STATE_CACHE_DSN";
constexpr const char* directory_variable = "MILLRACE_STATE_CACHE_DIR";

class StateCache : public ::testing::Test {
 protected:
  StateCache() {
    const char* given = std::getenv(dsn_variable);
    dsn_ = given != nullptr ? given
                            : postgres_log::ServerPair::dsn(
                                  postgres_log::ServerPair::shared().primary_directory()) +
                                  " dbname=postgres";
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    schema_ = "state_cache_" + std::to_string(test.line());
  }

  [[nodiscard]] std::shared_ptr<logs::Engine> make_engine() const {
    postgres_log::Options options;
    options.dsn = dsn_;
    options.schema = schema_;
    options.node = "node";
    options.holder = "test";
    options.segment_bytes = 1u << 20;
    return engines::make_engine(options);
  }
  [[nodiscard]] fs::path disk(const std::string& name) const {
    const char* given = std::getenv(directory_variable);
    return (given != nullptr ? fs::path(given) : directory_.path()) / name;
  }
  void start(const std::string& on, bool on_disk = true) {
    RuntimeOptions options = small_runtime(disk(on));
    options.checkpoint_log_bytes = 1u << 20;
    options.state_cache_bytes = on_disk ? 256u << 10 : 0;  // about 500 keys
    options.engine = make_engine();
    auto started = Runtime::start(
        std::move(options), {pipeline("test").from(work()).then("count", CountNumbers{&wrong_})});
    ASSERT_OK(started);
    runtime_ = std::move(*started);
  }
  void stop() {
    ASSERT_OK(runtime_->stop());
    runtime_.reset();
  }
  // Sends the next message of each of the keys, and waits until they are handled.
  void round(const std::string& producer, int first = 0, int last = keys) {
    auto sender = runtime_->sender(work(), {.producer = producer});
    ASSERT_OK(sender);
    for (int key = first; key < last; ++key) {
      StringValue message;
      message.set_value(key_name(key) + ":" + std::to_string(++sent_[key]));
      ASSERT_OK(sender->send(message));
    }
    ASSERT_TRUE(sender->flush());
    ASSERT_TRUE(await_handled(*runtime_));
  }
  static void expect(const KeyView& view, const std::string& key, std::int64_t sent) {
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
  void expect_keys() {
    for (int key = 0; key < keys; key += 37) {
      const auto view = runtime_->key("test.work", key_name(key));
      ASSERT_OK(view);
      expect(*view, key_name(key), sent_[key]);
    }
    EXPECT_EQ(runtime_->key("test.work", "absent").error().code, ErrorCode::not_found);
  }
  // As a tool sees them that has the connection string alone.
  void expect_stopped() const {
    const auto node = StoppedNode::open(make_engine());
    ASSERT_OK(node);
    const auto view = node->view(false);
    ASSERT_OK(view);
    std::size_t seen = 0;
    for (const QueueView& queue : view->queues) {
      for (const KeyView& key : queue.keys) {
        ++seen;
        expect(key, key.key, sent_.at(std::stoi(key.key.substr(4))));
      }
    }
    EXPECT_EQ(seen, sent_.size());
  }
  [[nodiscard]] fs::path newest_copy(const std::string& on) const {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(disk(on) / "state")) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("live")) newest = std::max(newest, entry.path());
    }
    return newest;
  }
  [[nodiscard]] std::string admin(const std::string& sql) const {
    return postgres_log::Admin(postgres_log::ServerPair::shared().primary_directory()).run(sql);
  }

  journal::TemporaryDirectory directory_;
  std::string dsn_;
  std::string schema_;
  std::atomic<int> wrong_ = 0;
  std::map<int, std::int64_t> sent_;
  std::unique_ptr<Runtime> runtime_;
};

// The child runs the test from its beginning.
TEST_F(StateCache, AKilledNodeIsReplacedByOneWithAnEmptyDisk) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr int first_status = 100;
  const auto run_and_end = [this] {
    start("first");
    int rounds = 0;
    while (runtime_->upkeep_stats().checkpoints.written == 0 && rounds < 100) {
      round("p" + std::to_string(++rounds));
    }
    round("last");
    std::_Exit(wrong_ > 0 ? 8 : first_status + rounds + 1);
  };
  int rounds = 0;
  const auto has_ended_well = [&rounds](int status) {
    rounds = WEXITSTATUS(status) - first_status;
    return WIFEXITED(status) && rounds > 1 && rounds < 100;
  };
  ::setenv(dsn_variable, dsn_.c_str(), 1);
  ::setenv(directory_variable, directory_.path().c_str(), 1);
  EXPECT_EXIT(run_and_end(), has_ended_well, "");
  ::unsetenv(dsn_variable);
  ::unsetenv(directory_variable);
  for (int key = 0; key < keys; ++key) sent_[key] = rounds;
  expect_stopped();
  for (int machine = 0; machine < 3; ++machine) {
    start("machine-" + std::to_string(machine));
    expect_keys();
    round("q" + std::to_string(machine));
    stop();
    fs::remove_all(disk("machine-" + std::to_string(machine)));
    expect_stopped();
  }
  EXPECT_EQ(wrong_, 0);
}

TEST_F(StateCache, ACheckpointWritesWhatChanged) {
  start("node");
  for (int i = 0; i < 10; ++i) round("p" + std::to_string(i));
  stop();
  const std::string all =
      "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 from pg_class c"
      " join pg_namespace n on n.oid = relnamespace where nspname = '" +
      schema_ + "' and relkind = 'r' and relname like 'file%'";
  const std::int64_t bytes = std::stoll(admin(all));
  EXPECT_GT(bytes, 500'000);
  start("node");
  round("few", 0, 10);
  stop();
  start("node");
  const std::uint64_t before = runtime_->upkeep_stats().states.put_bytes;
  EXPECT_EQ(before, 0u) << "what a start finds is not written again";
  round("fewer", 0, 10);
  stop();
  EXPECT_LT(std::stoll(admin(all)), bytes + bytes / 2) << "what no checkpoint names is dropped";
  start("other");
  expect_keys();
  stop();
  EXPECT_EQ(wrong_, 0);
}

TEST_F(StateCache, ALocalCopyThatIsDamagedIsGotAgain) {
  start("node");
  round("p0");
  round("p1");
  stop();
  for (const auto& file : fs::directory_iterator(newest_copy("node"))) {
    if (file.path().extension() == ".sst") fs::resize_file(file.path(), 100);
  }
  start("node");
  expect_keys();
  stop();
  std::ofstream(newest_copy("node") / "CURRENT") << "MANIFEST-999999\n";  // as long as it was
  start("node");
  expect_keys();
  round("p2");
  stop();
  EXPECT_EQ(wrong_, 0);
  expect_stopped();
}

TEST_F(StateCache, GoesOnInEitherMode) {
  int run = 0;
  for (const bool on_disk : {false, true, false, true, true}) {
    start("node-" + std::to_string(run), on_disk);
    round("p" + std::to_string(run++));
    expect_keys();
    stop();
    expect_stopped();
  }
  EXPECT_EQ(wrong_, 0);
}

TEST_F(StateCache, AFileThatIsMissingOnTheServerIsTold) {
  start("node");
  round("p0");
  stop();
  const std::string table = admin(
      "select min(relname) from pg_class where relname like 'file%' and"
      " relnamespace = '" +
      schema_ + "'::regnamespace");
  static_cast<void>(admin("truncate " + schema_ + "." + table));
  RuntimeOptions options = small_runtime(disk("other"));
  options.state_cache_bytes = 256u << 10;
  options.engine = make_engine();
  const auto started = Runtime::start(
      std::move(options), {pipeline("test").from(work()).then("count", CountNumbers{&wrong_})});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::corrupt);
  EXPECT_NE(started.error().message.find("is not the one that the checkpoint names"),
            std::string::npos)
      << started.error().message;
}

}  // namespace
}  // namespace millrace
