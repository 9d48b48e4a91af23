#include "apps/simulate/servers/socket_proxy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace millrace::servers {
namespace {

using namespace std::string_view_literals;

// The server's message that a commit took place.
constexpr std::string_view committed =
    "C\0\0\0\x0b"
    "COMMIT\0"sv;
constexpr std::string_view writes_group = "insert into "sv;
// Bytes of one direction beyond which the sender waits.
constexpr std::size_t buffered_max = 1u << 20;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, path.c_str(), path.string().size());
  return address;
}

void send_some(int fd, std::string& bytes) {
  if (bytes.empty()) return;
  const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
}

}  // namespace

struct SocketProxy::Connection {
  int client = -1;
  int server = -1;
  std::string to_server;
  std::string to_client;
  bool is_frozen = false;
  bool is_over = false;

  ~Connection() {
    if (client >= 0) close(client);
    if (server >= 0) close(server);
  }
};

SocketProxy::SocketProxy(std::filesystem::path directory, std::filesystem::path target)
    : path_(directory / ".s.PGSQL.5432"), target_(std::move(target)) {
  std::filesystem::create_directories(directory);
  std::filesystem::remove(path_);
  chmod(directory.c_str(), 0755);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const sockaddr_un address = address_of(path_);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0) {
    std::abort();
  }
  chmod(path_.c_str(), 0777);
  thread_ = std::thread([this] { run(); });
}

SocketProxy::~SocketProxy() {
  change([&] { is_ending_ = true; });
  thread_.join();
  close(listener_);
  close(wake_);
}

void SocketProxy::change(const std::function<void()>& set) {
  const std::lock_guard lock(mutex_);
  set();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
}

void SocketProxy::cut(bool is_cut) {
  change([&] {
    is_cut_ = is_cut;
    loses_commit_ = false;
    if (is_cut) close_all();
  });
}

void SocketProxy::set_target(std::filesystem::path target) {
  change([&] {
    target_ = std::move(target);
    close_all();
  });
}

void SocketProxy::hold_answers(bool holds) {
  change([&] { holds_answers_ = holds; });
}

void SocketProxy::hold_all(bool holds) {
  change([&] { holds_all_ = holds; });
}

void SocketProxy::lose_next_commit() {
  change([&] { loses_commit_ = true; });
}

void SocketProxy::freeze_next_group() {
  change([&] { freezes_group_ = true; });
}

bool SocketProxy::await_frozen() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return is_frozen_; });
}

void SocketProxy::thaw() {
  change([&] {
    freezes_group_ = is_frozen_ = false;
    for (auto& connection : connections_) connection->is_frozen = false;
  });
}

void SocketProxy::close_all() {
  connections_.clear();
  is_frozen_ = false;
}

void SocketProxy::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  auto connection = std::make_unique<Connection>();
  connection->client = client;
  if (is_cut_) return;
  connection->server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(target_);
  if (connect(connection->server, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
      0) {
    connections_.push_back(std::move(connection));
  }
}

void SocketProxy::on_client_bytes(Connection& connection, std::string bytes) {
  if (freezes_group_ && bytes.find(writes_group) != std::string::npos) {
    freezes_group_ = false;
    is_frozen_ = connection.is_frozen = true;
    changed_.notify_all();
  }
  connection.to_server += bytes;
}

void SocketProxy::on_server_bytes(Connection& connection, std::string bytes) {
  if (loses_commit_ && bytes.find(committed) != std::string::npos) {
    loses_commit_ = false;
    is_cut_ = true;
    for (auto& one : connections_) one->is_over = true;
    return;
  }
  connection.to_client += bytes;
}

void SocketProxy::serve(Connection& connection, short client_events, short server_events) {
  std::array<char, 65536> buffer{};
  const auto receive = [&](int fd) -> std::string {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) {
      connection.is_over = true;
      return {};
    }
    return {buffer.data(), static_cast<std::size_t>(got)};
  };
  if ((client_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    on_client_bytes(connection, receive(connection.client));
  }
  if ((server_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    on_server_bytes(connection, receive(connection.server));
  }
  if (!connection.is_frozen) send_some(connection.server, connection.to_server);
  send_some(connection.client, connection.to_client);
}

void SocketProxy::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    std::vector<pollfd> fds{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    std::vector<Connection*> polled;
    for (auto& one : connections_) {
      const bool sends = !one->is_frozen && !one->to_server.empty();
      const bool takes = one->to_server.size() < buffered_max;
      const bool hears = !holds_answers_ && one->to_client.size() < buffered_max;
      const auto events = [](bool in, bool out) {
        return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
      };
      const short client = events(takes, !one->to_client.empty());
      const short server = events(hears, sends);
      // Without a descriptor where nothing is asked for: poll() tells of the end of a connection all
      // the same, again and again.
      fds.push_back({client == 0 || holds_all_ ? -1 : one->client, client, 0});
      fds.push_back({server == 0 || holds_all_ ? -1 : one->server, server, 0});
      polled.push_back(one.get());
    }
    lock.unlock();
    poll(fds.data(), fds.size(), -1);
    lock.lock();
    std::uint64_t count = 0;
    const bool was_changed = read(wake_, &count, sizeof count) > 0;
    if (fds[1].revents != 0) accept_one();
    // The connections may be others by now.
    for (std::size_t i = 0; !was_changed && !holds_all_ && i < polled.size(); ++i) {
      serve(*polled[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents);
    }
    std::erase_if(connections_, [](const auto& one) { return one->is_over; });
  }
  close_all();
}

}  // namespace millrace::servers
