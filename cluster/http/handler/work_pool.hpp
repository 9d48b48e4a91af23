// WorkPool: a few threads for handlers that may block.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/http/handler/http_handler.hpp"

namespace millrace::http {

/// A request for a handler.
struct Work {
  HttpRequest request;
  std::shared_ptr<PendingAnswer> pending;
};

/// Each lane has its own line and a bound of threads, so that slow lanes leave threads for brief
/// ones. Callers bound the number of requests: one for each connection.
class WorkPool {
 public:
  static constexpr std::size_t threads = 10;

  /// `handler` outlives this.
  explicit WorkPool(HttpHandler& handler);
  ~WorkPool() { stop(); }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// Runs the handler on a thread, in the order of the lane. Precondition: a lane of threads.
  void run(Lane lane, Work work);

  /// Drops requests that have not begun, and whose clients are gone or have an answer.
  void drop_abandoned();

  /// Waits for handlers that run; what has not begun is answered with 500.
  void stop();

 private:
  struct Line {
    std::deque<Work> waiting{};
    std::size_t running = 0;
    std::size_t running_max = 0;
  };

  void work();
  [[nodiscard]] Line* next_line();
  void wake_one(std::unique_lock<std::mutex>& lock);

  HttpHandler& handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Line, 4> lines_{};  ///< brief, waiting, bulky, lasting
  std::size_t idle_ = 0;         ///< threads that wait
  bool is_waking_ = false;       ///< a thread was notified, and does not run yet
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Calls the handler; an exception is answered with 500.
void run_handler(HttpHandler& handler, Work work);

}  // namespace millrace::http
