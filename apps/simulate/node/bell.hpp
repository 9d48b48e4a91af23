// Bell: wakes whoever waits for orders to be finished.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace millrace::simulate {

/// Thread-safe.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  /// Waits for `span`, or until `until` is true at a ring.
  template <class Until>
  void wait(std::chrono::microseconds span, Until until) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, span, until);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace millrace::simulate
