#include "apps/processes/loopback.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::processes {
namespace {

constexpr int backlog = 64;

Error socket_failed(const char* what) {
  return {ErrorCode::unreachable, std::string("a port of the loopback: ") + what + ": " +
                                      std::system_category().message(errno)};
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<Listener> listen_on_loopback() {
  Listener listener{Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
  if (listener.fd.get() < 0) return socket_failed("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.fd.get(), any, length) != 0) return socket_failed("bind");
  if (listen(listener.fd.get(), backlog) != 0) return socket_failed("listen");
  if (getsockname(listener.fd.get(), any, &length) != 0) return socket_failed("name");
  listener.port = ntohs(address.sin_port);
  return listener;
}

}  // namespace millrace::processes
