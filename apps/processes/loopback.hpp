// Listening sockets on loopback ports that the system chooses.
#pragma once

#include <cstdint>
#include <utility>

#include "messages/result.hpp"

namespace millrace::processes {

/// Owns a file descriptor and closes it in the destructor; -1: none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// A listening socket on a loopback port chosen by the system.
struct Listener {
  Descriptor fd;
  std::uint16_t port = 0;
};

/// Listens on a free loopback port. Fails with `unreachable`.
[[nodiscard]] Result<Listener> listen_on_loopback();

}  // namespace millrace::processes
