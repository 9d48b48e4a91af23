// Connection: a socket, and what was read from it ahead of its turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <unistd.h>

namespace millrace::http {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Connection {
  Connection(int socket, bool loopback) : fd(socket), is_from_loopback(loopback) {}
  ~Connection() { ::close(fd); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const int fd;  ///< does not block
  const bool is_from_loopback;
  std::string buffer{};       ///< read and not used yet; begins with a request
  std::size_t head_size = 0;  ///< of the request at its front, once that is complete
  std::size_t head_seen = 0;  ///< bytes that were searched for its end
  std::size_t head_lines = 0;
  SteadyTime since{};      ///< it waits, or its request began
  SteadyTime deadline{};   ///< for the whole request to come in, or to be idle
  bool is_ending = false;  ///< answered for the last time: what comes is thrown away
  std::size_t thrown_away = 0;
};

}  // namespace millrace::http
