// RawClient: a TCP client that sends arbitrary bytes, for tests of hostile input.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/transport/links/connection.hpp"

namespace millrace::transport {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  RawClient(const RawClient&) = delete;

  [[nodiscard]] bool is_connected() const { return fd_ >= 0; }
  /// Sends all bytes. Returns false once the other side has closed.
  bool send(std::string_view bytes);
  /// Returns the bytes received within `limit`; empty if none, nullopt if the other side has
  /// closed.
  std::optional<std::string> receive(std::chrono::milliseconds limit);
  /// Returns whether the other side closes within `limit`; received bytes are ignored.
  [[nodiscard]] bool is_closed_within(std::chrono::milliseconds limit);

  /// Sends and receives the bytes of `connection` until it has an event or the other side closes.
  LinkEvent next(Connection& connection);

 private:
  int fd_;
};

}  // namespace millrace::transport
