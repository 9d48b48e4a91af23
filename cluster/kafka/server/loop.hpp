// Loop: the one thread on which all connections are read, written and answered; and how others reach it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace::kafka {

using SteadyTime = std::chrono::steady_clock::time_point;
using Task = std::function<void()>;

/// Runs on a thread of the poster, under a lock: must only see to it that the loop takes the tasks.
class LoopWaker {
 public:
  virtual ~LoopWaker() = default;
  virtual void wake_loop() = 0;
};

/// Brings tasks to the loop, in their order. Thread-safe. Outlives the loop: after close() what is posted
/// is destroyed.
class Mailbox {
 public:
  /// `waker` stays valid until close().
  explicit Mailbox(LoopWaker& waker) : waker_(&waker) {}

  void post(Task task);
  [[nodiscard]] std::vector<Task> take_all();
  void close();

 private:
  std::mutex mutex_;
  LoopWaker* waker_;  ///< null: closed
  std::vector<Task> tasks_{};
};

/// What those who answer requests need of the loop. For the loop's own thread, except mailbox().
class Loop {
 public:
  using TimerId = std::pair<SteadyTime, std::uint64_t>;

  virtual ~Loop() = default;

  [[nodiscard]] virtual const std::shared_ptr<Mailbox>& mailbox() const = 0;
  [[nodiscard]] virtual SteadyTime now() const = 0;
  /// Runs `task` in the loop at `time` or later.
  virtual TimerId at(SteadyTime time, Task task) = 0;
  /// Does nothing if it has run.
  virtual void cancel(const TimerId& timer) = 0;
};

/// Tasks by the time when they are due.
class TimerQueue {
 public:
  Loop::TimerId add(SteadyTime time, Task task);
  void cancel(const Loop::TimerId& timer) { tasks_.erase(timer); }
  /// Takes a task that is due; null: none is.
  [[nodiscard]] Task take_due(SteadyTime now);
  [[nodiscard]] bool empty() const { return tasks_.empty(); }
  /// REQUIRES: not empty.
  [[nodiscard]] SteadyTime earliest() const { return tasks_.begin()->first.first; }
  void clear() { tasks_.clear(); }

 private:
  std::map<Loop::TimerId, Task> tasks_{};
  std::uint64_t last_number_ = 0;
};

}  // namespace millrace::kafka
