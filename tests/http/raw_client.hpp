// RawClient: says to a socket what no HTTP library would, with a deadline on every answer.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::http {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  [[nodiscard]] std::string code() const { return json().value("code", ""); }
  [[nodiscard]] bool has(const std::string& text) const {
    return head.find(text) != std::string::npos;
  }
};

class RawClient {
 public:
  /// `address`: "127.0.0.1:port".
  explicit RawClient(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      ADD_FAILURE() << "cannot connect to " << address;
    }
  }
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;

  /// False when the other side takes no more.
  [[nodiscard]] bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Sends as much as the other side takes without being read from. False when it takes nothing.
  [[nodiscard]] bool send_some(std::string_view bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  }

  /// Sends no more; the other side may go on.
  void end_sending() const { ::shutdown(fd_, SHUT_WR); }

  /// The next answer; status 0 where there is none within 20 s, or before the end.
  Answer receive(bool has_body = true) {
    Answer answer;
    std::size_t end = std::string::npos;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return answer;
    }
    answer.head = read_.substr(0, end);
    read_.erase(0, end + 4);
    if (answer.head.size() > 12) answer.status = std::atoi(answer.head.c_str() + 9);
    const std::size_t length = answer.head.find("Content-Length: ");
    const std::size_t size =
        length == std::string::npos || !has_body
            ? 0
            : static_cast<std::size_t>(std::atoll(answer.head.c_str() + length + 16));
    while (read_.size() < size) {
      if (!more()) return answer;
    }
    answer.body = read_.substr(0, size);
    read_.erase(0, size);
    return answer;
  }

  /// Reads on until `text` has come.
  bool wait_for(const std::string& text) {
    while (read_.find(text) == std::string::npos) {
      if (!more()) return false;
    }
    return true;
  }

  /// Whether the other side has closed, within 20 s.
  bool is_closed() {
    while (more()) read_.clear();
    return !is_late_;
  }

 private:
  bool more() {
    pollfd polled{fd_, POLLIN, 0};
    if (::poll(&polled, 1, 60'000) <= 0) {
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
  std::string read_;
  bool is_late_ = false;
};

/// A well-formed request without a body.
inline std::string request(const std::string& method, const std::string& target,
                           const std::string& fields = "") {
  return method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

inline std::string post(const std::string& target, const std::string& body,
                        const std::string& fields = "") {
  return request("POST", target,
                 "Content-Type: application/json\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n" + fields) +
         body;
}

/// One request on a connection of its own.
inline Answer ask(const std::string& address, const std::string& bytes) {
  RawClient client(address);
  std::ignore = client.send(bytes);
  return client.receive();
}

}  // namespace millrace::http
