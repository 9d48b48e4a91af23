// LogContract: base of the contract tests: opens the log of a fixture, and records what its
// listener receives.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/log/engine.hpp"
#include "tests/log/log_fixture.hpp"

namespace millrace::logs {

/// A confirmed or recovered record, for comparison.
struct Record {
  Lsn lsn = 0;
  Place place{};
  std::uint32_t shard = 0;
  std::string body;

  friend bool operator==(const Record&, const Record&) = default;
};

/// Prints a record without its whole body.
void PrintTo(const Record& record, std::ostream* out);

/// Body number `number`: different for each, of at most about `bytes_max` bytes.
[[nodiscard]] std::string body_of(std::uint64_t number, std::size_t bytes_max = 300);

class TestProposal final : public Proposal {
 public:
  explicit TestProposal(std::string text, std::uint32_t to_shard = 0) : copy(text) {
    shard = to_shard;
    body = std::move(text);
  }
  const std::string copy;  ///< of the body, which the log empties
};

[[nodiscard]] std::shared_ptr<Proposal> propose(std::string body, std::uint32_t shard = 0);
[[nodiscard]] std::shared_ptr<Proposal> propose_room(std::string body);

/// Records its calls, and checks what every listener may rely on. Any thread.
class RecordingListener final : public Listener {
 public:
  void on_committed(std::span<Committed> group) override;
  void on_failed(const Error& error) override;
  void on_storage_full() override;
  void on_storage_free() override;
  void on_unreachable(const Error& error) override;
  void on_reachable() override;

  /// Called for each group, without a lock held. Set before the log starts.
  std::function<void(std::span<const Committed> group)> also{};

  /// Waits until `condition` is true; it is called with the lock held, after each call of the
  /// listener. False after a minute.
  [[nodiscard]] bool await(const std::function<bool()>& condition);
  [[nodiscard]] bool await_records(std::size_t count) {
    return await([&] { return records_.size() >= count; });
  }
  [[nodiscard]] bool await_failed() {
    return await([&] { return failed_.has_value(); });
  }

  [[nodiscard]] std::vector<Record> records() const;
  [[nodiscard]] std::size_t count() const;  ///< of records
  [[nodiscard]] std::optional<Error> failed() const;
  [[nodiscard]] int fulls() const { return fulls_; }
  [[nodiscard]] int frees() const { return frees_; }
  [[nodiscard]] int outages() const { return outages_; }
  [[nodiscard]] int mends() const { return mends_; }
  /// Why the log could not be reached, in the order of the calls.
  [[nodiscard]] std::vector<std::string> reasons() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Record> records_;
  std::optional<Error> failed_;
  std::vector<std::string> reasons_;
  std::atomic<bool> is_in_group_ = false;
  std::atomic<int> fulls_ = 0;
  std::atomic<int> frees_ = 0;
  std::atomic<int> outages_ = 0;
  std::atomic<int> mends_ = 0;
};

/// What recovery has visited.
struct Contents {
  Recovered recovered;
  std::vector<std::pair<Section, std::string>> entries;
  std::vector<Record> records;
};

/// One process that has the log open.
struct Process {
  RecordingListener listener;
  std::shared_ptr<Engine> engine;
  Contents contents;
  std::unique_ptr<Log> log;  ///< destroyed first

  [[nodiscard]] Result<void> append(std::string body) {
    return log->append(propose(std::move(body)));
  }
  /// Appends records with the bodies number `from` to `to`.
  void append_numbers(std::uint64_t from, std::uint64_t to, std::size_t bytes_max = 300);
  /// Appends `count` bodies of `bytes` bytes and waits until they are confirmed.
  void write(std::size_t count, std::size_t bytes);
  /// A checkpoint after which a start replays from `replay_from`, with the entry (1, text).
  [[nodiscard]] Result<CheckpointInfo> checkpoint(Lsn replay_from,
                                                  const std::string& text = "state");
};

/// Waits until `condition` is true. False after a minute.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

[[nodiscard]] Result<Contents> recover_all(OpenedLog& opened);

class LogContract : public ::testing::TestWithParam<NamedFixture> {
 protected:
  LogContract() : fixture_(GetParam().make()) {}

  /// Opens, recovers and starts the log as a new process. Fails the test if that fails.
  [[nodiscard]] std::unique_ptr<Process> start(
      std::function<void(std::span<const Committed>)> also = {});
  /// Reads the log as a tool does. Fails the test if that fails.
  [[nodiscard]] Contents read_stopped();
  /// Stops the process in order and forgets it.
  static void stop(std::unique_ptr<Process>& process);
  /// Kills the process and forgets it. Returns what it had confirmed.
  std::vector<Record> kill(std::unique_ptr<Process>& process);

  const std::unique_ptr<LogFixture> fixture_;
};

/// Ends the test, as skipped, if the fixture lacks the feature.
#define REQUIRE_FEATURE(feature)                                            \
  if (!fixture_->has(Feature::feature)) {                                   \
    GTEST_SKIP() << "not for this engine: " << to_string(Feature::feature); \
  }

/// Fails the test with the operation's error, if there is one.
#define ASSERT_OK(operation)                         \
  do {                                               \
    const auto& outcome = (operation);               \
    ASSERT_TRUE(outcome) << outcome.error().message; \
  } while (false)

#define EXPECT_OK(operation)                         \
  do {                                               \
    const auto& outcome = (operation);               \
    EXPECT_TRUE(outcome) << outcome.error().message; \
  } while (false)

/// Name of a fixture, for the names of the tests.
[[nodiscard]] inline std::string name_of(const ::testing::TestParamInfo<NamedFixture>& fixture) {
  return fixture.param.name;
}

#define INSTANTIATE_LOG_CONTRACT(Suite) \
  INSTANTIATE_TEST_SUITE_P(, Suite, ::testing::ValuesIn(log_fixtures()), name_of)

}  // namespace millrace::logs
