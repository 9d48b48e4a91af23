// Resolving addresses and creating the sockets that CAF then takes over: listening and non-blocking
// connecting.
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

  /// Returns the IP address as text, without the port.
  [[nodiscard]] std::string host() const;
};

/// Returns all addresses of a host. Blocks for the resolver unless the host is an IP address. Fails
/// with `unreachable`.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const Address& address);

/// As resolve, but never blocks: fails with `not_found` if the resolver would be needed.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve_number(const Address& address);

/// Starts a non-blocking connect and returns the socket, which the caller owns; the socket's events
/// show the result. Fails with `unreachable`; then `*error_number`, unless null, says why, as errno.
[[nodiscard]] Result<int> dial(const SocketAddress& address, int* error_number = nullptr);

struct Listening {
  int fd;
  std::uint16_t port;
};
/// Opens a listening socket, which the caller owns. Fails with `unreachable`: the address is in
/// use, or does not belong to this machine.
[[nodiscard]] Result<Listening> listen_on(const Address& address);

}  // namespace millrace::transport
