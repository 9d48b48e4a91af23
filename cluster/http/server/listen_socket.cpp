#include "cluster/http/server/listen_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/config/address.hpp"

namespace millrace::http {
namespace {

constexpr int backlog = 128;

Result<std::string> name_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, host.data(), host.size(),
                    port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return Error{ErrorCode::unreachable, "the system does not say what was bound"};
  }
  const std::string text = host.data();
  const bool is_v6 = bound.ss_family == AF_INET6;
  return (is_v6 ? '[' + text + ']' : text) + ':' + port.data();
}

Result<ListenSocket> bind_to(const addrinfo& info, const std::string& address) {
  const int fd = ::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || ::bind(fd, info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd, backlog) != 0) {
    const std::string why = std::system_category().message(errno);
    if (fd >= 0) ::close(fd);
    return Error{ErrorCode::unreachable, "cannot listen on " + address + ": " + why};
  }
  auto name = name_of(fd);
  if (name) return ListenSocket{fd, std::move(*name)};
  ::close(fd);
  return name.error();
}

}  // namespace

Result<ListenSocket> listen_on(const std::string& address, bool loopback_only) {
  const auto parsed = config::parse_address(address);
  if (!parsed) {
    return Error{ErrorCode::invalid_argument, "expected host:port, got " + address};
  }
  if (loopback_only && !config::is_loopback(parsed->host)) {
    return Error{ErrorCode::invalid_argument,
                 "expected a loopback address, as there is no token, got " + address};
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(parsed->host.c_str(), std::to_string(parsed->port).c_str(), &hints, &found);
  if (status != 0) {
    return Error{ErrorCode::invalid_argument,
                 "cannot listen on " + address + ": " + ::gai_strerror(status)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  Result<ListenSocket> bound = Error{ErrorCode::unreachable, "cannot listen on " + address};
  for (const addrinfo* each = list.get(); each != nullptr && !bound; each = each->ai_next) {
    bound = bind_to(*each, address);
  }
  return bound;
}

}  // namespace millrace::http
