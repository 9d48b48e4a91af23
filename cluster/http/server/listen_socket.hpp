// A socket that listens for HTTP.
#pragma once

#include <string>

#include "messages/result.hpp"

namespace millrace::http {

struct ListenSocket {
  int fd = -1;          ///< does not block; the caller closes it
  std::string address;  ///< "host:port" with the port that was taken
};

/// Listens on `address`, "host:port". Fails with `invalid_argument`: no address, unknown host, or
/// one beyond loopback where `loopback_only`; with `unreachable` where it cannot be bound.
[[nodiscard]] Result<ListenSocket> listen_on(const std::string& address, bool loopback_only);

}  // namespace millrace::http
