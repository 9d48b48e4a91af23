#include "cluster/http/server/http_server.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "cluster/http/server/connection_poller.hpp"
#include "cluster/http/server/exchange.hpp"
#include "cluster/http/server/listen_socket.hpp"

namespace millrace::http {
namespace {

/// Beside those for streams of events. They wait for actors and disks more than they work.
constexpr std::uint32_t workers_max = 16;
constexpr std::chrono::milliseconds event_interval{1000};

}  // namespace

class HttpServer::Parts {
 public:
  Parts(const HttpServerOptions& options, NodeApi& api, Resources resources, ListenSocket socket)
      : address(std::move(socket.address)),
        router_(api, std::move(resources),
                {.token = options.token, .body_bytes_max = options.body_bytes_max}),
        feed_(api, event_interval),
        exchange_(router_, feed_,
                  {.body_bytes_max = options.body_bytes_max,
                   .event_streams_max = options.event_streams_max,
                   .timeout = options.timeout}) {
    const std::uint32_t workers =
        std::min(options.connections_max, workers_max + options.event_streams_max);
    for (std::uint32_t i = 0; i < workers; ++i) {
      workers_.emplace_back([this] { work(); });
    }
    poller_ = std::make_unique<ConnectionPoller>(
        socket.fd,
        ConnectionPoller::Limits{.connections_max = options.connections_max,
                                 .timeout = options.timeout},
        [this](std::unique_ptr<Connection> connection) { enqueue(std::move(connection)); });
    {
      const std::lock_guard lock(mutex_);
      is_open_ = true;
    }
    changed_.notify_all();
  }
  ~Parts() { stop(std::chrono::milliseconds(0)); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void stop(std::chrono::milliseconds grace) {
    poller_->stop();
    exchange_.stop();
    feed_.stop();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ready_.clear();
    }
    changed_.notify_all();
    cut_short(grace);
    for (std::thread& worker : workers_) {
      if (worker.joinable()) worker.join();
    }
  }

  const std::string address;

 private:
  void enqueue(std::unique_ptr<Connection> connection) {
    {
      const std::lock_guard lock(mutex_);
      ready_.push_back(std::move(connection));
    }
    changed_.notify_one();
  }

  /// Clients that still send or take after `grace` are left, or they would hold the workers.
  void cut_short(std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, grace, [this] { return serving_.empty(); });
    for (const int fd : serving_) ::shutdown(fd, SHUT_RDWR);
  }

  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || (is_open_ && !ready_.empty()); });
      if (stopping_) return;
      std::unique_ptr<Connection> connection = std::move(ready_.front());
      ready_.pop_front();
      const int fd = connection->fd;
      serving_.insert(fd);
      lock.unlock();
      const bool keep = exchange_.serve(*connection);
      lock.lock();
      serving_.erase(fd);
      const bool is_awaited = stopping_;
      lock.unlock();
      if (is_awaited) changed_.notify_all();
      poller_->give_back(std::move(connection), keep);
    }
  }

  Router router_;
  EventFeed feed_;
  Exchange exchange_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> serving_;                          ///< connections that workers are at
  std::deque<std::unique_ptr<Connection>> ready_;  ///< no longer than connections_max
  bool is_open_ = false;                           ///< poller_ is there
  bool stopping_ = false;
  std::unique_ptr<ConnectionPoller> poller_;
  std::vector<std::thread> workers_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      NodeApi& api, Resources resources) {
  auto socket = listen_on(options.address, options.token.empty());
  if (!socket) return socket.error();
  return std::unique_ptr<HttpServer>(new HttpServer(
      std::make_unique<Parts>(options, api, std::move(resources), std::move(*socket))));
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const {
  return parts_->address;
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  parts_->stop(grace);
}

}  // namespace millrace::http
