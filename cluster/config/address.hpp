// Address of a node: "host:port"; an IPv6 host is written in brackets.
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

/// Parses "host:port". Port 0 is valid and lets the system choose. Returns nullopt if `text` has
/// another form, a port above 65535, or a host of more than 253 characters.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// Returns whether `host` is localhost, in 127.0.0.0/8, or ::1. Does not resolve names: every other
/// name counts as reachable from other machines.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace millrace::config
