// The journal under the contract tests, on a disk in memory that loses, tears and refuses writes.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/journal/engine.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/log/log_fixture.hpp"

namespace millrace::logs {
namespace {

using journal::Operation;

const std::filesystem::path data_dir = "/data";

journal::Options options(bool writes_marks) {
  journal::Options options;
  options.segment_bytes = LogFixture::segment_bytes;
  options.record_bytes_max = LogFixture::record_bytes_max;
  options.group_bytes_max = 16u << 10;
  options.free_bytes_min = 0;
  options.reserve_segments = 2;
  options.allocate_retry = std::chrono::milliseconds(1);
  // A mark would be the write that a stall meets.
  if (!writes_marks) options.idle_mark_after = std::chrono::hours(1);
  return options;
}

class JournalFixture final : public LogFixture {
 public:
  explicit JournalFixture(bool writes_marks)
      : writes_marks_(writes_marks), options_(options(writes_marks)) {
    files_.set_fault([this](const Operation& operation) { return on_operation(operation); });
  }
  ~JournalFixture() override { resume(); }

  [[nodiscard]] bool has(Feature feature) const override {
    switch (feature) {
      case Feature::stall:
      case Feature::reordered_groups:
      case Feature::full:
      case Feature::reserve:
        return !writes_marks_;
      case Feature::lock:
      case Feature::power_loss:
      case Feature::write_failure:
      case Feature::damaged_checkpoint:
      case Feature::backup:
        return true;
      case Feature::fence:
      case Feature::outage:
      case Feature::lost_answer:
      case Feature::failover:
        return false;
    }
    return false;
  }

  [[nodiscard]] std::shared_ptr<Engine> make_engine() override {
    return std::make_shared<journal::JournalEngine>(data_dir, options_, files_);
  }

  void kill() override {
    files_.kill();
    end_faults();
  }
  void lose_power(std::uint64_t seed) override {
    std::mt19937_64 random(seed);
    files_.crash(random);
    end_faults();
  }

  void stall() override { set(Stall::all); }
  void stall_next() override { set(Stall::next); }
  void await_stalled() override {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::minutes(1), [&] { return stalled_ > 0; }));
  }
  void resume() override { set(Stall::none); }
  void fail_writes() override {
    const std::lock_guard lock(mutex_);
    is_failing_ = true;
  }

  void fill() override { files_.set_capacity(files_.used_bytes()); }
  void make_room() override { files_.set_capacity(std::uint64_t{1} << 40); }

  void damage_newest_checkpoint() override {
    const auto names = files_.list(data_dir);
    ASSERT_TRUE(names);
    std::string newest;
    for (const std::string& name : *names) {
      if (name.starts_with("checkpoint-")) newest = std::max(newest, name);
    }
    ASSERT_FALSE(newest.empty());
    files_.flip(data_dir / newest, files_.contents(data_dir / newest).size() / 2, 1);
  }

 private:
  enum class Stall : std::uint8_t { none, next, all };

  void set(Stall stall) {
    {
      const std::lock_guard lock(mutex_);
      stall_ = stall;
      ++generation_;
    }
    changed_.notify_all();
  }
  void end_faults() {
    {
      const std::lock_guard lock(mutex_);
      is_failing_ = false;
    }
    resume();
  }

  // On the threads of the journal. A stalled write has not reached the disk's cache.
  std::optional<Error> on_operation(const Operation& operation) {
    if (operation.kind != Operation::Kind::write || operation.path.extension() != ".seg") {
      return std::nullopt;
    }
    std::unique_lock lock(mutex_);
    if (is_failing_) return Error{ErrorCode::storage_failed, "refused by the test"};
    if (stall_ == Stall::none) return std::nullopt;
    if (stall_ == Stall::next) stall_ = Stall::none;
    ++stalled_;
    changed_.notify_all();
    changed_.wait(lock, [&, generation = generation_] { return generation_ != generation; });
    --stalled_;
    return std::nullopt;
  }

  const bool writes_marks_;
  const journal::Options options_;
  journal::FaultyFileSystem files_;
  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  Stall stall_ = Stall::none;
  std::uint64_t generation_ = 0;  ///< grows when stalled writes may go on
  int stalled_ = 0;               ///< writes that wait
  bool is_failing_ = false;
};

}  // namespace

std::vector<NamedFixture> log_fixtures() {
  return {{"Journal",
           [] {
             return std::make_unique<JournalFixture>(false);
           }},
          {"JournalWithMarks", [] {
             return std::make_unique<JournalFixture>(true);
           }}};
}

}  // namespace millrace::logs
