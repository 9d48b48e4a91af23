// Promise: a process that follows the log of a node has at each moment the queues that a cold recovery has, and
// goes on with them when it takes the log over: nothing is lost or repeated, and a cold reader sees the same
// afterwards. Checked on a real primary and standby while a node writes, with checkpoints, releases and
// compactions, with keyed state in memory and on disk.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "actors/engines/engines.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/runtime/followed_log.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/store/stopped_node.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/postgres_log/server_pair.hpp"
#include "tests/runtime/numbered_keys.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Int64Value;

constexpr int keys = 500;
constexpr std::chrono::milliseconds look_interval{5};

/// A part of a snapshot, without what two stores may have differently: where keys lie, and the keys themselves, which
/// image_of() reads wherever they lie.
std::string comparable(const std::string& bytes) {
  pb::SnapshotPart part;
  EXPECT_TRUE(part.ParseFromString(bytes));
  if (part.has_head()) part.mutable_head()->clear_stored();
  if (part.has_keyed()) part.mutable_keyed()->clear_key();
  return part.SerializeAsString();
}

/// What a store has, as bytes, by queue. Equal stores give equal bytes: nothing is in the order of a hash table.
std::map<std::string, std::string> image_of(const Store& store) {
  std::map<std::string, std::string> image;
  for (const auto& [number, queue] : store.queues()) {
    std::string& bytes = image[queue.declaration.name() + "/" + std::to_string(number)];
    bytes = queue.declaration.SerializeAsString();
    // All keys in one part, and so all timers.
    constexpr queues::PartSize whole{.bytes = std::size_t{1} << 30};
    queues::write_snapshot_frame(*queue.state, whole,
                                 [&](std::string part) { bytes += comparable(part); });
    bytes += queues::snapshot_of_messages(*queue.state, 1, queue.state->durable.last);
    std::map<std::string, std::string> keyed;
    const auto visited = store.visit_keys(
        queue, [&](const std::string& key, const queues::KeyState& state) -> Result<void> {
          keyed[key] = (state.value ? *state.value : std::string("-")) + state.history;
          return {};
        });
    EXPECT_TRUE(visited) << visited.error().message;
    for (const auto& [key, state] : keyed) bytes += key + '=' + state;
  }
  for (const auto& [name, record] : store.shards()) {
    image["shard " + name.first + std::to_string(name.second)] = record.SerializeAsString();
  }
  return image;
}

/// Names of what differs; empty: nothing. The bytes themselves would fill the output.
std::string differences(const std::map<std::string, std::string>& one,
                        const std::map<std::string, std::string>& other) {
  std::string names;
  for (const auto& [name, bytes] : one) {
    const auto found = other.find(name);
    if (found == other.end() || found->second != bytes) names += name + ' ';
  }
  for (const auto& [name, bytes] : other) {
    if (!one.contains(name)) names += name + ' ';
  }
  return names;
}

class WarmTakeover : public ::testing::TestWithParam<bool> {
 protected:
  WarmTakeover() {
    static int count = 0;
    schema_ = "warm_takeover_" + std::to_string(++count);
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_, true);
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
  }
  ~WarmTakeover() override {
    spdlog::set_default_logger(before_);
    if (HasFailure()) std::cout << log_.str();
  }

  [[nodiscard]] std::shared_ptr<logs::Engine> make_engine() const {
    postgres_log::Options options;
    auto& servers = postgres_log::ServerPair::shared();
    options.dsn = "host=" + servers.primary_directory().string() + "," +
                  servers.standby_directory().string() + " port=5432 user=millrace dbname=postgres";
    options.schema = schema_;
    options.node = "node";
    options.holder = "test";
    options.segment_bytes = 1u << 20;
    return engines::make_engine(options);
  }
  RuntimeOptions options(const std::string& disk) {
    RuntimeOptions made = small_runtime(directory_.path() / disk);
    made.checkpoint_log_bytes = 1u << 20;
    made.state_cache_bytes = GetParam() ? 64u << 10 : 0;
    made.engine = make_engine();
    return made;
  }
  std::vector<PipelineSpec> pipelines() {
    return {pipeline("test").from(work()).then("count", CountNumbers{&wrong_})};
  }
  void start(const std::string& disk, std::shared_ptr<FollowedStore> followed = {}) {
    RuntimeOptions with = options(disk);
    with.followed = std::move(followed);
    auto started = Runtime::start(std::move(with), pipelines());
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
  }
  void stop() {
    const auto stopped = runtime_->stop();
    ASSERT_TRUE(stopped) << stopped.error().message;
    runtime_.reset();
  }
  // Sends the next message of each key, and waits until they are handled.
  void round(const std::string& producer) {
    auto sender = runtime_->sender(work(), {.producer = producer});
    ASSERT_OK(sender);
    for (int key = 0; key < keys; ++key) {
      StringValue message;
      message.set_value(key_name(key) + ":" + std::to_string(++sent_[key]) + ":" +
                        std::string(150, 'x'));  // and once more in the history
      ASSERT_OK(sender->send(message));
    }
    ASSERT_OK(sender->flush());
    ASSERT_TRUE(await_handled(*runtime_));
  }
  [[nodiscard]] std::shared_ptr<FollowedStore> make_store(const std::string& disk) {
    RuntimeOptions with = options(disk);
    with.state_dir = with.data_dir / "state";
    auto made = FollowedStore::make(std::move(with), pipelines());
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  // A server on a machine that does much else may be slow to answer.
  static bool is_away(const Error& error) { return error.code == ErrorCode::log_unreachable; }
  // The queues as a cold recovery has them after record `last`; null: the log's checkpoint is newer, or has
  // dropped what was being read of the one before, which only happens while the node runs.
  [[nodiscard]] std::shared_ptr<FollowedStore> recover_cold(const std::string& disk, logs::Lsn last,
                                                            bool is_writing) {
    const auto engine = make_engine();
    const auto opened = engine->open(logs::Opener::reader);
    if (!opened) {
      EXPECT_TRUE(is_away(opened.error())) << opened.error().message;
      return nullptr;
    }
    auto cold = make_store(disk);
    EXPECT_TRUE(cold->restart("", (*opened)->files()));
    const auto recovered =
        (*opened)->recover([&](logs::Section section,
                               std::string_view bytes) { return cold->on_entry(section, bytes); },
                           [&](const logs::Frame& frame) {
                             return frame.lsn <= last ? cold->on_frame(frame) : Result<void>();
                           });
    EXPECT_TRUE(recovered || is_writing || is_away(recovered.error())) << recovered.error().message;
    if (!recovered || recovered->replay_from > last + 1) return nullptr;
    EXPECT_GE(recovered->last_lsn, last);
    return cold;
  }
  void expect_keys() {
    for (int key = 0; key < keys; key += 7) {
      const auto view = runtime_->key("test.work", key_name(key));
      ASSERT_TRUE(view) << view.error().message;
      Int64Value value;
      ASSERT_TRUE(value.ParseFromString(view->value));
      EXPECT_EQ(value.value(), sent_[key]);
      EXPECT_EQ(view->history.size(), static_cast<std::size_t>(sent_[key]));
    }
  }
  void expect_stopped() const {
    const auto node = StoppedNode::open(make_engine());
    ASSERT_TRUE(node) << node.error().message;
    const auto view = node->view(true);
    ASSERT_TRUE(view) << view.error().message;
    std::size_t seen = 0;
    for (const QueueView& queue : view->queues) {
      EXPECT_TRUE(queue.messages.empty()) << queue.name;
      for (const KeyView& key : queue.keys) {
        ++seen;
        Int64Value value;
        ASSERT_TRUE(value.ParseFromString(key.value));
        EXPECT_EQ(value.value(), sent_.at(std::stoi(key.key.substr(4))));
      }
    }
    EXPECT_EQ(seen, sent_.size());
  }
  // How often the log says so.
  [[nodiscard]] int lines(const std::string& text) const {
    const std::string all = log_.str();
    int count = 0;
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
    return count;
  }
  /// A node that has handled a message of each key, and what is to follow its log.
  struct Followed {
    std::shared_ptr<logs::Engine> engine;
    std::unique_ptr<logs::Follower> follower;
    std::shared_ptr<FollowedStore> store;
  };
  [[nodiscard]] Followed start_followed() {
    start("node");
    round("first");
    auto engine = make_engine();
    auto follower = engine->follow("node", look_interval);
    return {std::move(engine), std::move(follower), make_store("follower")};
  }
  // Follows until the log has nothing new.
  static void catch_up(logs::Follower& follower, FollowedStore& store) {
    while (true) {
      const auto advanced = follower.advance(store);
      ASSERT_TRUE(advanced || is_away(advanced.error())) << advanced.error().message;
      store.set_mark(follower.mark());
      if (advanced && !*advanced && follower.mark().is_complete) return;
    }
  }

  journal::TemporaryDirectory directory_;
  std::string schema_;
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
  std::atomic<int> wrong_ = 0;
  std::map<int, std::int64_t> sent_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_P(WarmTakeover, AFollowerHasWhatAColdRecoveryHas) {
  const auto [engine, follower, followed] = start_followed();
  std::atomic<bool> is_done = false;
  // Joined also if an assertion leaves the test; then it sends no more.
  std::jthread writing([&](const std::stop_token& stop) {
    const auto has_enough = [&](int rounds) {
      return rounds >= 12 && runtime_->upkeep_stats().checkpoints.written > 1;
    };
    for (int i = 0; !has_enough(i) && i < 200 && !stop.stop_requested(); ++i) {
      round("p" + std::to_string(i));
    }
    is_done = true;
  });
  int compared = 0;
  int looks = 0;
  while (!is_done || compared < 3) {
    // Bounded steps: it is rarely at the end.
    for (int i = 0; i <= looks % 5 || !follower->mark().is_complete; ++i) {
      const auto advanced = follower->advance(*followed);
      ASSERT_TRUE(advanced || is_away(advanced.error())) << advanced.error().message;
      followed->set_mark(follower->mark());
    }
    const std::string disk = "cold" + std::to_string(++looks);
    const bool is_writing = !is_done;
    const auto cold = recover_cold(disk, follower->mark().last_lsn, is_writing);
    if (cold != nullptr) {
      ++compared;
      ASSERT_EQ(differences(image_of(followed->store()), image_of(cold->store())), "")
          << "after record " << follower->mark().last_lsn;
    }
    fs::remove_all(directory_.path() / disk);
    ASSERT_LT(looks, 10'000);
  }
  writing.join();
  EXPECT_GT(runtime_->upkeep_stats().checkpoints.written, 1u) << "the test is about them";
  std::cout << "compared " << compared << " times\n";
  stop();
  EXPECT_EQ(wrong_, 0);
}

TEST_P(WarmTakeover, GoesOnWithWhatWasFollowed) {
  auto [engine, follower, store] = start_followed();
  auto log = std::make_unique<FollowedLog>("node", std::move(engine), std::move(follower),
                                           std::move(store));
  for (int i = 0; i < 6; ++i) round("p" + std::to_string(i));
  const logs::Lsn last = runtime_->log_stats().durable_lsn;
  while (log->status().last_lsn < last) {
    ASSERT_LE(log->status().restarts, 1u);
    std::this_thread::yield();
  }
  stop();
  start("other", log->take());
  EXPECT_EQ(lines("took the log over warm"), 1) << log_.str();
  expect_keys();
  for (int i = 0; i < 6; ++i) round("q" + std::to_string(i));
  stop();
  log.reset();
  EXPECT_EQ(wrong_, 0);
  expect_stopped();
  start("third");
  EXPECT_EQ(lines("took the log over cold"), 2) << log_.str();
  expect_keys();
  stop();
}

TEST_P(WarmTakeover, IsColdAfterAFailover) {
  const auto [engine, follower, followed] = start_followed();
  catch_up(*follower, *followed);
  postgres_log::ServerPair::shared().fail_over();
  round("second");
  stop();
  start("other", followed);
  EXPECT_EQ(lines("what was followed of the log does not hold: another server answers"), 1);
  EXPECT_EQ(lines("took the log over warm"), 0);
  expect_keys();
  round("third");
  stop();
  EXPECT_EQ(wrong_, 0);
  expect_stopped();
}

INSTANTIATE_TEST_SUITE_P(, WarmTakeover, ::testing::Values(false, true),
                         [](const ::testing::TestParamInfo<bool>& on_disk) {
                           return on_disk.param ? "KeysOnDisk" : "KeysInMemory";
                         });

}  // namespace
}  // namespace millrace
