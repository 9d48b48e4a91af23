// Sockets, up to where CAF takes them over: addresses, listening, and dialing that does not block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "cluster/transport/transport.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// A resolved address with its port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// As people write it, without the port.
  [[nodiscard]] std::string host() const;
};

/// All addresses of a host. Blocks for the resolver unless the host is an IP address. Fails with
/// `unreachable`.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const Address& address);

/// As resolve, and never blocks: `not_found` where it would have to.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve_number(const Address& address);

/// A socket on its way to `address`; whether it arrives shows in its events. Fails with
/// `unreachable`.
[[nodiscard]] Result<int> dial(const SocketAddress& address);

struct Listening {
  int fd;
  std::uint16_t port;
};
/// Fails with `unreachable`: the address is taken, or none of this machine's.
[[nodiscard]] Result<Listening> listen_on(const Address& address);

}  // namespace millrace::transport
