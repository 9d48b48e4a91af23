// ConnectionPoller: accepts connections and waits for requests, so that no thread has to.
//
//   accept ─▶ waiting ─head complete─▶ with a worker ─keep─▶ waiting
//                │ idle, slow, or in the way   │ end
//                ▼                             ▼
//              closed ◀────────────────── ending: its answer may still be read
//
// Heads of requests are read here; a client that is slow with one holds a few KB and no thread. At
// the limit the connection that has waited longest gives way, so that idle ones never keep others
// out; when all are at work, a new one is told so and closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/http/server/connection.hpp"

namespace millrace::http {

class ConnectionPoller {
 public:
  static constexpr std::size_t head_bytes_max = 32u << 10;
  static constexpr std::size_t head_lines_max = 100;

  struct Limits {
    std::uint32_t connections_max = 64;
    std::chrono::microseconds timeout = std::chrono::seconds(30);
  };
  /// Gets a connection whose next request's head is complete. Must not block. Own thread.
  using Ready = std::function<void(std::unique_ptr<Connection>)>;

  /// Owns `listen_fd`, which does not block.
  ConnectionPoller(int listen_fd, Limits limits, Ready ready);
  ~ConnectionPoller();
  ConnectionPoller(const ConnectionPoller&) = delete;
  ConnectionPoller& operator=(const ConnectionPoller&) = delete;

  /// Takes back a connection that a worker has answered on: for its next request, or to end it.
  void give_back(std::unique_ptr<Connection> connection, bool keep);

  /// Closes what waits, accepts no more, ends the thread. Workers may still give back.
  void stop();

 private:
  void run();
  void poll_once();
  void take_returned();
  void accept_all();
  void make_room();
  /// False when the connection is done with.
  bool read_some(std::unique_ptr<Connection>& connection);
  bool advance(std::unique_ptr<Connection>& connection);
  bool end_with(Connection& connection, const std::string& answer);
  void wake();

  const int listen_fd_;
  const Limits limits_;
  const Ready ready_;
  int wake_fd_ = -1;
  std::vector<std::unique_ptr<Connection>> waiting_;
  std::size_t working_ = 0;  ///< with a worker
  SteadyTime accept_again_{};

  std::mutex mutex_;
  std::vector<std::pair<std::unique_ptr<Connection>, bool>> returned_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::http
