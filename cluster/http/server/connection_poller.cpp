#include "cluster/http/server/connection_poller.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "cluster/http/server/problem.hpp"

namespace millrace::http {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds ending_max{2};
constexpr std::size_t ending_bytes_max = 1u << 20;
constexpr std::chrono::milliseconds accept_pause{100};

/// An answer from here, without a worker.
std::string canned(const HttpResponse& response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ' +
                     reason_of(response.status) + "\r\nContent-Type: " + response.content_type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : response.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n" + response.body;
}

const std::string& too_busy() {
  static const std::string answer = [] {
    HttpResponse response = problem(503, "too_many_connections", "all connections are at work");
    response.headers.emplace_back("Retry-After", "1");
    return canned(response);
  }();
  return answer;
}

const std::string& too_slow() {
  static const std::string answer =
      canned(problem(408, "timeout", "the request took too long to come in"));
  return answer;
}

const std::string& head_too_large() {
  static const std::string answer =
      canned(problem(431, "headers_too_large",
                     "expected at most " + std::to_string(ConnectionPoller::head_lines_max) +
                         " header fields and " + std::to_string(ConnectionPoller::head_bytes_max) +
                         " bytes of them"));
  return answer;
}

const std::string& malformed_head() {
  static const std::string answer = canned(
      problem(400, "bad_request", "expected lines of a name, a colon and a value, ended by CR LF"));
  return answer;
}

/// What one reader takes for the end of a line or a name, and another does not, is refused: a field
/// must not come through here as something else than what it is behind.
bool is_well_formed(std::string_view head) {
  for (bool is_field = false; !head.empty(); is_field = true) {
    const std::size_t end = head.find('\n');
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (end != std::string_view::npos) {
      if (!line.ends_with('\r')) return false;
      line.remove_suffix(1);
    }
    const std::size_t colon = line.find(':');
    const bool has_name = colon != std::string_view::npos && colon > 0;
    if (is_field && (!has_name || line.find_first_of(" \t\r") < colon)) return false;
  }
  return true;
}

/// Whether the node lives is told even when all workers are at work.
const std::string& healthy() {
  static const std::string answer =
      canned({.content_type = "text/plain; charset=utf-8", .body = "ok\n"});
  return answer;
}

bool asks_for_health(std::string_view head) {
  return head.starts_with("GET /healthz HTTP/1.");
}

bool is_loopback(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&peer);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&peer);
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return v6->sin6_addr.s6_addr[12] == 127;
  return peer.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

}  // namespace

ConnectionPoller::ConnectionPoller(int listen_fd, Limits limits, Ready ready)
    : listen_fd_(listen_fd),
      limits_(limits),
      ready_(std::move(ready)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

ConnectionPoller::~ConnectionPoller() {
  stop();
  ::close(wake_fd_);
  ::close(listen_fd_);
}

void ConnectionPoller::wake() {
  const std::uint64_t one = 1;
  if (::write(wake_fd_, &one, sizeof one) < 0) return;  // it is awake already
}

void ConnectionPoller::give_back(std::unique_ptr<Connection> connection, bool keep) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    returned_.emplace_back(std::move(connection), keep);
  }
  wake();
}

void ConnectionPoller::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void ConnectionPoller::run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    poll_once();
  }
  waiting_.clear();
  const std::lock_guard lock(mutex_);
  returned_.clear();
}

void ConnectionPoller::take_returned() {
  std::vector<std::pair<std::unique_ptr<Connection>, bool>> returned;
  {
    const std::lock_guard lock(mutex_);
    returned.swap(returned_);
  }
  const SteadyTime now = steady_clock::now();
  for (auto& [connection, keep] : returned) {
    --working_;
    connection->since = now;
    connection->head_size = connection->head_seen = connection->head_lines = 0;
    if (keep) {
      connection->deadline = now + limits_.timeout;
      if (advance(connection)) waiting_.push_back(std::move(connection));
    } else if (end_with(*connection, "")) {
      waiting_.push_back(std::move(connection));
    }
  }
}

void ConnectionPoller::poll_once() {
  std::vector<pollfd> polled{{wake_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}};
  const SteadyTime before = steady_clock::now();
  SteadyTime due = before + std::chrono::seconds(60);
  if (before < accept_again_) {
    polled[1].events = 0;
    due = accept_again_;
  }
  for (const auto& connection : waiting_) {
    polled.push_back({connection->fd, POLLIN, 0});
    due = std::min(due, connection->deadline);
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - before).count();
  const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(wait, 0)));
  if (ready < 0 && errno != EINTR) return;

  const SteadyTime now = steady_clock::now();
  std::vector<std::unique_ptr<Connection>> still;
  std::vector<std::unique_ptr<Connection>> before_poll = std::move(waiting_);
  waiting_.clear();
  for (std::size_t i = 0; i < before_poll.size(); ++i) {
    std::unique_ptr<Connection>& connection = before_poll[i];
    bool stays = true;
    if (ready > 0 && polled[i + 2].revents != 0) stays = read_some(connection);
    if (stays && connection->deadline <= now) {
      const bool is_late = !connection->is_ending && !connection->buffer.empty();
      stays = is_late && end_with(*connection, too_slow());
    }
    if (stays) still.push_back(std::move(connection));
  }
  waiting_ = std::move(still);
  if (ready > 0 && polled[0].revents != 0) {
    std::uint64_t count = 0;
    if (::read(wake_fd_, &count, sizeof count) > 0) take_returned();
  }
  if (ready > 0 && polled[1].revents != 0) accept_all();
}

void ConnectionPoller::accept_all() {
  // No more at a time than may wait: those that do get their turn.
  for (std::uint32_t i = 0; i < limits_.connections_max; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = ::accept4(listen_fd_, reinterpret_cast<sockaddr*>(&peer), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      // Out of descriptors or memory: that does not pass at once.
      if (errno != EAGAIN) accept_again_ = steady_clock::now() + accept_pause;
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection = std::make_unique<Connection>(fd, is_loopback(peer));
    connection->since = steady_clock::now();
    connection->deadline = connection->since + limits_.timeout;
    make_room();
    if (waiting_.size() + working_ < limits_.connections_max) {
      waiting_.push_back(std::move(connection));
    } else if (::send(fd, too_busy().data(), too_busy().size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
      ::shutdown(fd, SHUT_WR);
    }
  }
}

void ConnectionPoller::make_room() {
  if (waiting_.size() + working_ < limits_.connections_max || waiting_.empty()) return;
  const auto order = [](const auto& connection) {
    const int kind = connection->is_ending ? 0 : connection->buffer.empty() ? 1 : 2;
    return std::pair(kind, connection->since);
  };
  waiting_.erase(
      std::min_element(waiting_.begin(), waiting_.end(),
                       [&](const auto& a, const auto& b) { return order(a) < order(b); }));
}

bool ConnectionPoller::read_some(std::unique_ptr<Connection>& connection) {
  std::array<char, 16u << 10> chunk;  // NOLINT: filled by recv
  const ssize_t got = ::recv(connection->fd, chunk.data(), chunk.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  const auto count = static_cast<std::size_t>(got);
  if (connection->is_ending) {
    connection->thrown_away += count;
    return connection->thrown_away <= ending_bytes_max;
  }
  if (connection->buffer.empty()) {
    connection->since = steady_clock::now();
    connection->deadline = connection->since + limits_.timeout;
  }
  connection->buffer.append(chunk.data(), count);
  return advance(connection);
}

bool ConnectionPoller::advance(std::unique_ptr<Connection>& connection) {
  const std::string& buffer = connection->buffer;
  // What was looked at before is not looked at again, but for what an end might begin with.
  const std::size_t seen = connection->head_seen;
  const std::size_t end = buffer.find("\r\n\r\n", seen < 3 ? 0 : seen - 3);
  const std::string_view head = std::string_view(buffer).substr(0, end);
  if (seen < head.size()) {
    const std::string_view fresh = head.substr(seen);
    connection->head_lines +=
        static_cast<std::size_t>(std::count(fresh.begin(), fresh.end(), '\n'));
  }
  connection->head_seen = head.size();
  if (head.size() > head_bytes_max || connection->head_lines > head_lines_max) {
    return end_with(*connection, head_too_large());
  }
  if (end == std::string::npos) return true;
  if (!is_well_formed(head)) return end_with(*connection, malformed_head());
  if (asks_for_health(head)) return end_with(*connection, healthy());
  connection->head_size = end + 4;
  ++working_;
  ready_(std::move(connection));
  return false;
}

bool ConnectionPoller::end_with(Connection& connection, const std::string& answer) {
  if (!answer.empty() &&
      ::send(connection.fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    return false;
  }
  // To close with bytes unread would take the answer away from the client.
  ::shutdown(connection.fd, SHUT_WR);
  connection.is_ending = true;
  connection.buffer = std::string();
  connection.since = steady_clock::now();
  connection.deadline = connection.since + ending_max;
  return true;
}

}  // namespace millrace::http
