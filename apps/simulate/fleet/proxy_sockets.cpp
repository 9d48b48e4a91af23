#include "apps/simulate/fleet/proxy_sockets.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace millrace::simulate {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

std::optional<Descriptor> connect_to(std::uint16_t port) {
  Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  const int on = 1;
  if (fd.get() < 0) return std::nullopt;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int done = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (done != 0 && errno != EINPROGRESS) return std::nullopt;
  return fd;
}

void Pipe::add_polls(std::vector<pollfd>& polls) const {
  for (std::size_t end = 0; end < 2; ++end) {
    const short in = read_[end].is_empty() ? POLLIN : short{0};
    const short out = read_[1 - end].is_empty() ? short{0} : POLLOUT;
    polls.push_back({ends_[end].get(), static_cast<short>(in | out), 0});
  }
}

bool Pipe::carry(const pollfd& near, const pollfd& far) {
  const std::array<short, 2> ready{near.revents, far.revents};
  for (std::size_t end = 0; end < 2; ++end) {
    if ((ready[end] & POLLOUT) != 0 && !flush(1 - end)) return false;
    const bool has_ended = (ready[end] & (POLLHUP | POLLERR)) != 0;
    // Drops the bytes that are not yet written, as a broken connection does.
    if (has_ended && !read_[end].is_empty()) return false;
    if ((has_ended || (ready[end] & POLLIN) != 0) && read_[end].is_empty() && !fill(end)) {
      return false;
    }
  }
  return true;
}

// Writes the bytes at once if the other end has room, without another poll().
bool Pipe::fill(std::size_t from) {
  Buffer& buffer = read_[from];
  const ssize_t got = recv(ends_[from].get(), buffer.bytes.data(), buffer.bytes.size(), 0);
  if (got < 0) return would_block();
  if (got == 0) return false;
  buffer.begin = 0;
  buffer.end = static_cast<std::size_t>(got);
  return flush(from);
}

bool Pipe::flush(std::size_t from) {
  Buffer& buffer = read_[from];
  const ssize_t sent = send(ends_[1 - from].get(), buffer.bytes.data() + buffer.begin,
                            buffer.end - buffer.begin, MSG_NOSIGNAL);
  if (sent < 0) return would_block() || errno == ENOTCONN;
  buffer.begin += static_cast<std::size_t>(sent);
  return true;
}

}  // namespace millrace::simulate
