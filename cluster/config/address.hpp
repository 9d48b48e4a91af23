// Addresses of nodes: "host:port", with a host of IPv6 in brackets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::config {

struct Address {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;

  friend bool operator==(const Address&, const Address&) = default;
};

/// Nothing where `text` is no "host:port". Port 0 is one: the system chooses.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// Whether only this machine reaches the host: localhost, 127.0.0.0/8 and ::1. Names are not looked
/// up: any other is taken for reachable from elsewhere.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace millrace::config
