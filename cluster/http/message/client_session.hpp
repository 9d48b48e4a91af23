// ClientSession: the life of a client's connection, for handlers that hold something for the client.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

namespace millrace::http {

/// Thread-safe.
class ClientSession {
 public:
  ClientSession();

  /// Of this process, never used again; not 0.
  [[nodiscard]] std::uint64_t id() const { return id_; }

  /// Calls `end` once when the client has closed the connection or it is broken, at once if that is so
  /// already; never if the server closes it. Only the first call has an effect. `end` must not block or
  /// throw.
  void on_end(std::function<void()> end);

  /// The client is gone.
  void end();

 private:
  const std::uint64_t id_;
  std::mutex mutex_;  ///< guards what follows
  bool has_function_ = false;
  bool has_ended_ = false;
  std::function<void()> end_;
};

}  // namespace millrace::http
