// A TCP client that speaks as it likes, for tests of what a port puts up with.
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
  /// False once the other side has closed.
  bool send(std::string_view bytes);
  /// What comes within `limit`; empty when nothing does, nullopt at the end.
  std::optional<std::string> receive(std::chrono::milliseconds limit);
  /// Whether the other side closes within `limit`, whatever it says before.
  [[nodiscard]] bool is_closed_within(std::chrono::milliseconds limit);

  /// Exchanges the bytes of `connection` until it has an event, or the other side closes.
  LinkEvent next(Connection& connection);

 private:
  int fd_;
};

}  // namespace millrace::transport
