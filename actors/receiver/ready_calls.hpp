// ReadyCalls: the calls of async handlers whose outcome has come, between the threads that give the
// outcomes and the actor that waits for them.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace::receivers {

/// Number of a call; never used again.
using CallId = std::uint64_t;

/// Thread-safe.
class ReadyCalls {
 public:
  /// `wake` is called when there is something to take. It must neither block nor call this object.
  explicit ReadyCalls(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// The outcome of the call is there.
  void add(CallId call) {
    const std::lock_guard lock(mutex_);
    if (!wake_) return;
    calls_.push_back(call);
    if (calls_.size() == 1) wake_();
  }
  /// Returns the calls that were added since the last call, in order.
  [[nodiscard]] std::vector<CallId> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }
  /// Nobody takes calls any more: `wake` is not called once this has returned.
  void close() {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<CallId> calls_;
};

}  // namespace millrace::receivers
