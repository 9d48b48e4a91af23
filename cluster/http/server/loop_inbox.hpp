// LoopInbox: what other threads tell the server's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "cluster/http/handler/stream_source.hpp"
#include "cluster/http/message/http_message.hpp"
#include "cluster/http/server/server_options.hpp"

namespace millrace::http {

/// A stream may have new text.
struct StreamNews {};

struct LoopEvent {
  std::uint64_t connection = 0;
  std::uint64_t exchange = 0;  ///< the number of the request on its connection
  std::variant<HttpResponse, StreamNews> content{};
};

/// Runs on a thread of the poster, under a lock: must only see to it that the loop takes the
/// events.
class LoopWaker {
 public:
  virtual ~LoopWaker() = default;
  virtual void wake_loop() = 0;
};

/// Thread-safe. Outlives the loop: after close() what is posted is destroyed at once.
class LoopInbox {
 public:
  /// `waker` stays valid until close().
  explicit LoopInbox(LoopWaker& waker) : waker_(&waker) {}

  void post(LoopEvent event);
  [[nodiscard]] std::vector<LoopEvent> take_all();
  void close();

 private:
  std::mutex mutex_;
  LoopWaker* waker_;  ///< null: closed
  std::vector<LoopEvent> events_{};
};

}  // namespace millrace::http
