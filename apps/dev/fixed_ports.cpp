#include "apps/dev/fixed_ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::dev {
namespace {

bool is_free(std::uint32_t port) {
  if (port > UINT16_MAX) return false;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // As servers do: a port whose last connections have just ended is free.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool is_bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, 1) == 0;
  ::close(fd);
  return is_bound;
}

}  // namespace

bool are_free(std::uint16_t first, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!is_free(first + i)) return false;
  }
  return true;
}

}  // namespace millrace::dev
