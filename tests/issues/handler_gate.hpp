// HandlerGate: holds the handlers of some messages until the test lets them go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

namespace millrace::test {

/// Thread-safe. Each wait ends after a while, so that a test that fails ends.
class HandlerGate {
 public:
  /// Holds the messages that begin with `held`.
  explicit HandlerGate(std::string held) : held_(std::move(held)) {}

  /// The handler.
  void handle(const std::string& word) {
    std::unique_lock lock(mutex_);
    if (word.starts_with(held_)) {
      ++holding_;
      changed_.notify_all();
      changed_.wait_for(lock, std::chrono::minutes(1), [this] { return is_open_; });
    }
    ++done_;
    changed_.notify_all();
  }

  /// Waits for so many handlers that have returned; for so many that were ever held.
  [[nodiscard]] bool wait_for_done(int count) { return wait_for(done_, count); }
  [[nodiscard]] bool wait_for_held(int count) { return wait_for(holding_, count); }

  [[nodiscard]] int held() {
    const std::lock_guard lock(mutex_);
    return holding_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  bool wait_for(const int& counter, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return counter >= count; });
  }

  const std::string held_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int done_ = 0;
  int holding_ = 0;
};

/// The handler of a stage.
struct Gated {
  std::shared_ptr<HandlerGate> gate;
  void operator()(const google::protobuf::StringValue& in) const { gate->handle(in.value()); }
};

}  // namespace millrace::test
