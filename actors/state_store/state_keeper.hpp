// StateKeeper: the thread on which queues use the state store, one task after the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/state_store/state_store.hpp"
#include "messages/result.hpp"

namespace millrace::states {

/// Thread-safe. All reads and writes of a queue go through one keeper, so that a read sees every
/// earlier write. What waits is bounded: each queue has at most one read and one write of its own
/// under way, one more write for a checkpoint, and those of operators.
class StateKeeper {
 public:
  using Task = std::function<Result<void>(StateStore&)>;

  /// `failed` is called on the keeper's thread for a task that fails; the node must stop then, and no
  /// further task is run. A task that fails with `storage_full` is run again until it does not. `store` and what `failed` uses outlive the keeper. Without
  /// `has_thread`, post() runs the task itself, for simulations.
  StateKeeper(StateStore& store, std::function<void(const Error&)> failed, bool has_thread = true);
  /// Runs the tasks that were posted, and ends the thread. Drops those that a full disk keeps back.
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// Runs `task` behind all earlier ones. It must not throw, nor wait for an actor, and must be one
  /// that can be repeated.
  void post(Task task);

  /// Waits until all tasks that were posted before have run. Returns false if they were dropped.
  [[nodiscard]] bool wait();

  /// Whether a task waits for room on the disk. Does not block.
  [[nodiscard]] bool waits_for_room() const { return waits_for_room_; }

  /// Counts leases of messages with a key, and values that had to be read from the disk for that.
  void count_lookups(std::uint64_t count) { lookups_.fetch_add(count, std::memory_order_relaxed); }
  void count_misses(std::uint64_t count) { misses_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t lookups() const { return lookups_; }
  [[nodiscard]] std::uint64_t misses() const { return misses_; }

  /// For what blocks less than a read of the disk: StateStore::peek().
  [[nodiscard]] StateStore& store() { return store_; }

 private:
  void run();
  void run(const Task& task);
  /// Returns whether to try again, after a pause.
  [[nodiscard]] bool wait_for_room();

  StateStore& store_;
  const std::function<void(const Error&)> failed_;
  std::mutex mutex_;  ///< guards all below; without a thread, held while a task runs
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::atomic<bool> waits_for_room_ = false;
  std::atomic<std::uint64_t> lookups_ = 0;
  std::atomic<std::uint64_t> misses_ = 0;
  bool has_failed_ = false;  ///< of the thread that runs tasks
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::states
