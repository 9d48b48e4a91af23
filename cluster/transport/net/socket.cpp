#include "cluster/transport/net/socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

namespace millrace::transport {
namespace {

Result<std::vector<SocketAddress>> look_up(const Address& address, int flags, ErrorCode code) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) return Error{code, address.host + ": " + gai_strerror(failed)};
  std::vector<SocketAddress> all;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    SocketAddress one;
    std::memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
    one.size = at->ai_addrlen;
    all.push_back(one);
  }
  freeaddrinfo(found);
  return all;
}

sockaddr* as_sockaddr(sockaddr_storage& storage) {
  return reinterpret_cast<sockaddr*>(&storage);
}
const sockaddr* as_sockaddr(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr*>(&storage);
}

Error failed(const std::string& what, int number, int fd) {
  if (fd >= 0) close(fd);
  return {ErrorCode::unreachable, what + ": " + std::system_category().message(number)};
}

int open_socket(const SocketAddress& address) {
  return socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

}  // namespace

std::string SocketAddress::host() const {
  std::array<char, NI_MAXHOST> text{};
  getnameinfo(as_sockaddr(storage), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

Result<std::vector<SocketAddress>> resolve(const Address& address) {
  auto found = look_up(address, 0, ErrorCode::unreachable);
  // "localhost" is loopback (RFC 6761, section 6.3), also if the resolver has no entry for it.
  if (!found && address.host == "localhost") return resolve_number({"127.0.0.1", address.port});
  return found;
}

Result<std::vector<SocketAddress>> resolve_number(const Address& address) {
  return look_up(address, AI_NUMERICHOST, ErrorCode::not_found);
}

Result<int> dial(const SocketAddress& address, int* error_number) {
  const int fd = open_socket(address);
  if (fd < 0) {
    if (error_number != nullptr) *error_number = errno;
    return failed("socket", errno, fd);
  }
  if (connect(fd, as_sockaddr(address.storage), address.size) != 0 && errno != EINPROGRESS) {
    const int number = errno;
    if (error_number != nullptr) *error_number = number;
    return failed("connect to " + address.host(), number, fd);
  }
  return fd;
}

Result<Listening> listen_on(const Address& address) {
  const std::string where = "listen on " + address.host + ":" + std::to_string(address.port);
  auto resolved = resolve(address);
  if (!resolved) return Error{ErrorCode::unreachable, where + ": " + resolved.error().message};
  const SocketAddress& first = resolved->front();
  const int fd = open_socket(first);
  if (fd < 0) return failed(where, errno, fd);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, as_sockaddr(first.storage), first.size) != 0 || listen(fd, SOMAXCONN) != 0) {
    return failed(where, errno, fd);
  }
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (getsockname(fd, as_sockaddr(bound.storage), &bound.size) != 0) {
    return failed(where, errno, fd);
  }
  // The port has the same offset in sockaddr_in and sockaddr_in6.
  const auto* const in = reinterpret_cast<const sockaddr_in*>(&bound.storage);
  return Listening{fd, ntohs(in->sin_port)};
}

}  // namespace millrace::transport
