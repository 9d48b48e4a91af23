// Sockets of the partition proxy: a port to listen on, and a connection with what goes through it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <poll.h>

#include "messages/result.hpp"

namespace millrace::simulate {

/// A file descriptor that is closed with its owner; -1: none. Movable.
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

/// A port of loopback that the system chose.
struct Listener {
  Descriptor fd;
  std::uint16_t port = 0;
};

/// Fails with `unreachable`.
[[nodiscard]] Result<Listener> listen_on_loopback();

/// A connection to that port of loopback, under way; none where it cannot be.
[[nodiscard]] std::optional<Descriptor> connect_to(std::uint16_t port);

/// Two ends, and the bytes between them. Keeps at most 64 KiB of each direction.
class Pipe {
 public:
  Pipe(Descriptor near, Descriptor far) : ends_{std::move(near), std::move(far)} {}

  /// Appends what it waits for.
  void add_polls(std::vector<pollfd>& polls) const;

  /// Moves what can be moved, after a poll with those results. False: it has ended.
  [[nodiscard]] bool carry(const pollfd& near, const pollfd& far);

 private:
  static constexpr std::size_t buffer_bytes = 64u << 10;

  /// Read from one end, not yet written to the other.
  struct Buffer {
    std::vector<char> bytes = std::vector<char>(buffer_bytes);
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] bool is_empty() const { return begin == end; }
  };

  [[nodiscard]] bool fill(std::size_t from);
  [[nodiscard]] bool flush(std::size_t from);

  std::array<Descriptor, 2> ends_;
  std::array<Buffer, 2> read_;  ///< by the end that it came from
};

}  // namespace millrace::simulate
