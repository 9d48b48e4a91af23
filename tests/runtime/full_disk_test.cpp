// Promise: on a full disk no message is lost and no call blocks for ever; the node continues when
// there is room, whether compaction or the operator made it. Checked with a file system in memory of a given size.
#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include "tests/journal/faulty_file_system.hpp"
#include "tests/runtime/runtime_fixture.hpp"

namespace millrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

const QueueRef<StringValue>& held() {
  static const auto ref = queue<StringValue>("test.held").key_by(name_of);
  return ref;
}

/// Handlers wait here while it is closed.
class Gate {
 public:
  void set_open(bool open) {
    {
      const std::lock_guard lock(mutex_);
      open_ = open;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

struct PassOn {
  Gate* gate;
  const std::atomic<bool>* stuck;
  Outcome<StringValue> operator()(const StringValue& message) const {
    gate->pass();
    if (name_of(message) == "stuck" && *stuck) return Retry{"stuck"};
    return message;
  }
};

/// A handler that does not return while its gate is closed.
struct Hold {
  Gate* gate;
  void operator()(const StringValue& /*message*/) const { gate->pass(); }
};

struct See {
  Seen* seen;
  void operator()(const StringValue& message) const { seen->add(name_of(message)); }
};

/// Collects the lines of the default logger while it lives.
class LogLines {
 public:
  LogLines()
      : before_(spdlog::default_logger()),
        sink_(std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1'000)) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink_));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  [[nodiscard]] long count(const std::string& text) const {
    const auto lines = sink_->last_formatted();
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_;
};

class FullDisk : public ::testing::Test {
 protected:
  ~FullDisk() override {
    gate_.set_open(true);
    held_.set_open(true);
    if (sending_.joinable()) sending_.join();
  }

  Result<void> start() {
    RuntimeOptions options = small_runtime("/data");
    options.files = &files_;
    auto started = Runtime::start(
        std::move(options),
        {pipeline("held").from(held()).then("hold", Hold{&held_}, {.blocking = true}),
         pipeline("test")
             .from(work())
             .then(
                 "pass", PassOn{&gate_, &stuck_},
                 {.retry = {.attempts = 1'000, .first = milliseconds(1), .max = milliseconds(500)},
                  .blocking = true})
             .then("see", See{&seen_})});
    if (!started) return started.error();
    runtime_ = std::move(*started);
    return {};
  }

  static StringValue small(const std::string& name) { return message(name, 400); }

  // Sends "stuck" and `count` other messages on another thread, because send() blocks when refused.
  void send(int count) {
    auto made = runtime_->sender(work(), {.producer = "test", .limits = {.window = 128}});
    ASSERT_OK(made);
    sending_ = std::thread([sender = std::move(*made), count]() mutable {
      EXPECT_TRUE(sender.send(small("stuck")));
      for (int i = 0; i < count; ++i) EXPECT_TRUE(sender.send(small("m" + std::to_string(i))));
      EXPECT_TRUE(sender.flush());
    });
  }

  // Sends `count` messages to the queue whose stage keeps them, and waits until they are durable.
  void send_held(int count) {
    auto sender = runtime_->sender(held(), {.producer = "held"});
    ASSERT_OK(sender);
    for (int i = 0; i < count; ++i) ASSERT_TRUE(sender->send(small("h" + std::to_string(i))));
    ASSERT_OK(sender->flush());
  }

  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  /// A disk at its limit makes few steps at a time, which take minutes under a sanitizer on a busy machine.
  bool see(std::size_t names) {
    for (int minute = 0; minute < 4; ++minute) {
      if (seen_.wait_for(names)) return true;
    }
    return false;
  }

  void expect_all(int count) {
    ASSERT_TRUE(see(static_cast<std::size_t>(count))) << "got " << seen_.counts().size();
    sending_.join();
    stuck_ = false;
    ASSERT_TRUE(see(static_cast<std::size_t>(count) + 1)) << "stuck was lost";
    for (const auto& [name, seen] : seen_.counts()) EXPECT_EQ(seen, 1) << name;
    held_.set_open(true);
    ASSERT_OK(runtime_->stop());
    runtime_.reset();
  }

  journal::FaultyFileSystem files_;
  Gate gate_;
  Gate held_;
  std::atomic<bool> stuck_ = true;
  Seen seen_;
  std::unique_ptr<Runtime> runtime_;
  std::thread sending_;
};

TEST_F(FullDisk, ContinuesWhenCompactionMakesRoom) {
  files_.set_capacity(32u << 20);
  ASSERT_OK(start());
  send(80'000);  // 40 MB
  ASSERT_TRUE(eventually([this] { return runtime_->is_storage_full(); }));
  EXPECT_EQ(seen_.counts().size(), 0u);
  gate_.set_open(true);
  expect_all(80'000);
}

TEST_F(FullDisk, ContinuesThoughTheHeadOfTheLogIsLive) {
  files_.set_capacity(48u << 20);
  ASSERT_OK(start());
  send_held(48'000);  // 22 MB, all of it live until the end
  send(60'000);       // 28 MB
  ASSERT_TRUE(eventually([this] { return runtime_->is_storage_full(); }));
  gate_.set_open(true);
  expect_all(60'000);
}

TEST_F(FullDisk, IsLoggedWhenItBeginsAndEndsAndContinuesWhenTheDiskGrows) {
  const LogLines log;
  files_.set_capacity(32u << 20);
  ASSERT_OK(start());
  send(80'000);
  ASSERT_TRUE(eventually([this] { return runtime_->is_storage_full(); }));
  ASSERT_TRUE(eventually([&] { return log.count("storage full: /data") == 1; }));
  files_.set_capacity(256u << 20);
  ASSERT_TRUE(eventually([this] { return !runtime_->is_storage_full(); }));
  ASSERT_TRUE(eventually([&] { return log.count("storage has room again: /data") == 1; }));
  EXPECT_EQ(log.count("storage full: /data"), 1) << "once, and not each time it is noticed";
  const auto free = runtime_->free_storage_bytes();
  ASSERT_OK(free);
  EXPECT_GT(*free, 64u << 20);
  gate_.set_open(true);
  expect_all(80'000);
}

TEST_F(FullDisk, IsReportedByAStartThatNeedsRoom) {
  files_.set_capacity(1u << 20);
  const Result<void> started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::storage_full);
  files_.set_capacity(64u << 20);
  ASSERT_OK(start());
}

}  // namespace
}  // namespace millrace
