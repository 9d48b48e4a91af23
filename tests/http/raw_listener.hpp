// RawListener: a port that takes connections and does as a test says, or nothing.
#pragma once

#include <array>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::http {

class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 8) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ADD_FAILURE() << "cannot listen";
    }
    port_ = ntohs(address.sin_port);
  }
  ~RawListener() { ::close(fd_); }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// Takes one connection within 20 s, reads so many bytes at least, and closes it with bytes
  /// unread.
  void accept_and_close(std::size_t bytes) const {
    pollfd polled{fd_, POLLIN, 0};
    if (::poll(&polled, 1, 20'000) <= 0) return;
    const int peer = ::accept(fd_, nullptr, nullptr);
    std::array<char, 1'024> chunk;  // NOLINT: filled by recv
    while (bytes > 0) {
      const ssize_t got = ::recv(peer, chunk.data(), chunk.size(), 0);
      if (got <= 0) break;
      bytes -= std::min(bytes, static_cast<std::size_t>(got));
    }
    ::close(peer);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace millrace::http
