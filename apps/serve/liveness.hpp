// Liveness: asks at intervals whether the node does its work, and resets the watchdog only then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millrace::serve {

/// Asks on a thread of its own, because an answer may take long. Logs a warning when work stands
/// still, and a line when it goes on.
class Liveness {
 public:
  struct Options {
    std::chrono::milliseconds interval{};  ///< between two questions, beside the time of an answer
    /// Returns the names of the queues that do not answer; may block.
    std::function<std::vector<std::string>()> silent_queues;
    /// Called after each question to which all queues answered.
    std::function<void()> alive;
  };

  explicit Liveness(Options options);
  /// As end(), then waits for the answer that is due.
  ~Liveness();
  Liveness(const Liveness&) = delete;
  Liveness& operator=(const Liveness&) = delete;

  /// Asks no more. Does not wait: one call of each function may still be in progress.
  void end();

 private:
  void run();
  void judge(const std::vector<std::string>& silent);

  const Options options_;
  bool was_silent_ = false;  ///< of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;  ///< under mutex_
  std::thread thread_;      ///< last: it uses all others
};

}  // namespace millrace::serve
