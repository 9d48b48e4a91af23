// RawClient: sends bytes to the Kafka server that no client library would, with a deadline on every answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/kafka/protocol/api.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      ADD_FAILURE() << "cannot connect to port " << port;
    }
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), read_(std::move(other.read_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  /// False when the other side takes no more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Sends for as long as the other side takes bytes without a pause of 300 ms; returns how many it took.
  std::size_t send_until_blocked(std::string_view bytes) const {
    std::size_t total = 0;
    for (pollfd polled{fd_, POLLOUT, 0}; !bytes.empty() && ::poll(&polled, 1, 300) > 0;) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      total += static_cast<std::size_t>(sent);
    }
    return total;
  }

  /// The next answer without its length; nullopt: the connection has ended, or nothing came within 20 s.
  std::optional<std::string> receive() {
    while (read_.size() < 4 || read_.size() < 4 + size()) {
      if (!more(20'000)) return std::nullopt;
    }
    std::string answer = read_.substr(4, size());
    read_.erase(0, 4 + answer.size());
    return answer;
  }

  /// Whether an answer has begun to come within `timeout_ms`.
  bool has_answer(int timeout_ms) { return !read_.empty() || more(timeout_ms); }

  /// Whether the other side has closed, within 20 s; what it sent before is thrown away.
  bool is_closed() {
    is_late_ = false;
    while (more(20'000)) read_.clear();
    return !is_late_;
  }

 private:
  [[nodiscard]] std::size_t size() const {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(read_[i]);
    return size;
  }
  bool more(int timeout_ms) {
    pollfd polled{fd_, POLLIN, 0};
    if (::poll(&polled, 1, timeout_ms) <= 0) {
      is_late_ = true;
      return false;
    }
    std::array<char, 65'536> chunk;  // NOLINT: filled by recv
    const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    read_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string read_{};
  bool is_late_ = false;
};

/// A request with the header of a plain version; `body` behind it.
inline std::string request(ApiKey key, std::int16_t version, std::int32_t correlation,
                           std::string_view body = {}) {
  Writer writer;
  writer.int16(static_cast<std::int16_t>(key));
  writer.int16(version);
  writer.int32(correlation);
  writer.string("test");
  writer.raw(body);
  Writer framed;
  framed.bytes(writer.written());
  return framed.take();
}

}  // namespace millrace::kafka
