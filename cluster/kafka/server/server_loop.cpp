#include "cluster/kafka/server/server_loop.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <netinet/tcp.h>
#include <spdlog/spdlog.h>

#include "cluster/transport/tls/tls_channel.hpp"

namespace millrace::kafka {
namespace {

constexpr std::chrono::milliseconds accept_pause{100};
/// How late a deadline of a connection may be noticed, and how long room that another thread has given back
/// may stay unused.
constexpr std::chrono::milliseconds sweep_interval{100};
/// Of an answer, what the kernel holds unsent; the rest waits here, where it is counted.
constexpr int kernel_unsent_bytes_max = 256 << 10;

/// Between two lines of the log about connections that were closed.
constexpr std::chrono::seconds report_interval{1};

std::string host_of(const Tcp::socket& socket) {
  NetError error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  net::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

bool is_passing(const NetError& error) {
  return error == net::error::connection_aborted || error == net::error::interrupted ||
         error == net::error::try_again;
}

}  // namespace

ServerLoop::ServerLoop(const ServerOptions& options, std::unique_ptr<net::io_context> context,
                       Tcp::acceptor acceptor, std::shared_ptr<ssl_ctx_st> tls)
    : options_(options),
      context_(std::move(context)),
      acceptor_(std::move(acceptor)),
      tls_(std::move(tls)),
      accept_timer_(*context_),
      sweep_timer_(*context_),
      task_timer_(*context_),
      mailbox_(std::make_shared<Mailbox>(static_cast<LoopWaker&>(*this))),
      requests_(std::make_shared<http::ByteBudget>(options.requests_bytes_max)),
      answers_(std::make_shared<http::ByteBudget>(options.answers_bytes_max)) {}

ServerLoop::~ServerLoop() {
  stop(std::chrono::milliseconds(0));
}

void ServerLoop::start(RequestHandler& handler) {
  handler_ = &handler;
  accept_next();
  thread_ = std::thread([this] {
    const auto work = net::make_work_guard(*context_);
    context_->run();
  });
}

// --- Accepting -----------------------------------------------------------------------------------

void ServerLoop::accept_next() {
  acceptor_.async_accept([this](const NetError& error, Tcp::socket socket) {
    if (is_stopping_ || error == net::error::operation_aborted) return;
    if (!error) accept(std::move(socket));
    if (!error || is_passing(error)) return accept_next();
    // Out of descriptors or memory, which does not pass at once: one connection less may help.
    std::ignore = make_place();
    accept_timer_.expires_after(accept_pause);
    accept_timer_.async_wait([this](const NetError& cancelled) {
      if (!cancelled) accept_next();
    });
  });
}

/// Closes the connection that has had nothing to do for longest. False: each has, or is new.
bool ServerLoop::make_place() {
  std::shared_ptr<Connection> longest;
  for (const auto& [id, each] : connections_) {
    if (each->is_idle() && (!longest || each->active_at() < longest->active_at())) longest = each;
  }
  if (!longest || now() - longest->active_at() < fresh_time) return false;
  longest->close();
  return true;
}

void ServerLoop::accept(Tcp::socket socket) {
  if (connections_.size() >= options_.connections_max && !make_place()) {
    return report(host_of(socket),
                  "all " + std::to_string(options_.connections_max) + " connections are in use");
  }
  NetError ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(Tcp::no_delay(true), ignored);
  const int unsent = kernel_unsent_bytes_max;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  Session session{.host = host_of(socket), .must_authenticate = options_.must_authenticate};
  std::unique_ptr<transport::Channel> channel;
  if (tls_) channel = std::make_unique<transport::TlsChannel>(tls_, true);
  const auto connection =
      std::make_shared<Connection>(static_cast<ConnectionHost&>(*this), std::move(socket),
                                   ++last_id_, std::move(session), std::move(channel));
  connections_.emplace(connection->id(), connection);
  connection->start();
  arm_sweep();
}

void ServerLoop::report(const std::string& client, const std::string& reason) {
  const SteadyTime time = now();
  if (reported_at_ && time - *reported_at_ < report_interval) {
    ++unreported_;
    return;
  }
  reported_at_ = time;
  spdlog::info("Kafka: a connection of {} was closed: {} ({} more since the last such line)",
               client, reason, std::exchange(unreported_, 0));
}

void ServerLoop::forget(Connection& connection) {
  connections_.erase(connection.id());
  report_if_quiet();
}

std::vector<std::shared_ptr<Connection>> ServerLoop::all() const {
  std::vector<std::shared_ptr<Connection>> connections;
  connections.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) connections.push_back(connection);
  return connections;
}

// --- Room ----------------------------------------------------------------------------------------

void ServerLoop::ask_for_room(Connection& connection) {
  const auto self = connection.weak_from_this();
  const bool is_in_line = std::any_of(room_line_.begin(), room_line_.end(), [&](const auto& each) {
    return !each.owner_before(self) && !self.owner_before(each);
  });
  if (!is_in_line) room_line_.push_back(self);
}

/// Each connection in the line may try once; those that still wait join its end.
void ServerLoop::give_room() {
  for (std::size_t left = room_line_.size(); left > 0; --left) {
    const auto connection = room_line_.front().lock();
    room_line_.pop_front();
    if (connection) connection->advance();
  }
}

// --- Other threads, and time ---------------------------------------------------------------------

void ServerLoop::wake_loop() {
  net::post(*context_, [this] { take_tasks(); });
}

void ServerLoop::take_tasks() {
  for (const Task& task : mailbox_->take_all()) task();
  if (!room_line_.empty()) give_room();
  report_if_quiet();
}

Loop::TimerId ServerLoop::at(SteadyTime time, Task task) {
  const bool is_earliest = timers_.empty() || time < timers_.earliest();
  const TimerId id = timers_.add(time, std::move(task));
  if (is_earliest) arm_timer();
  return id;
}

void ServerLoop::arm_timer() {
  if (timers_.empty()) return;
  task_timer_.expires_at(timers_.earliest());
  task_timer_.async_wait([this](const NetError& error) {
    if (!error) run_timers();
  });
}

void ServerLoop::run_timers() {
  const SteadyTime until = now();
  while (const Task task = timers_.take_due(until)) task();
  arm_timer();
  report_if_quiet();
}

void ServerLoop::arm_sweep() {
  if (is_sweep_armed_ || connections_.empty()) return;
  is_sweep_armed_ = true;
  sweep_timer_.expires_after(sweep_interval);
  sweep_timer_.async_wait([this](const NetError& error) {
    is_sweep_armed_ = false;
    if (!error) sweep();
  });
}

void ServerLoop::sweep() {
  const SteadyTime time = now();
  for (const auto& connection : all()) connection->sweep(time);
  give_room();
  report_if_quiet();
  arm_sweep();
}

// --- End -----------------------------------------------------------------------------------------

void ServerLoop::begin_stop() {
  is_stopping_ = true;
  NetError ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  handler_->wind_down();
  for (const auto& connection : all()) connection->advance();
  report_if_quiet();
}

void ServerLoop::report_if_quiet() {
  if (!is_stopping_ || !connections_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    is_quiet_ = true;
  }
  changed_.notify_all();
}

void ServerLoop::end() {
  for (const auto& connection : all()) connection->close();
  timers_.clear();
  context_->stop();
}

void ServerLoop::stop(std::chrono::milliseconds grace) {
  if (std::exchange(is_stopped_, true) || !thread_.joinable()) return;
  net::post(*context_, [this] { begin_stop(); });
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, grace, [this] { return is_quiet_; });
  }
  net::post(*context_, [this] { end(); });
  thread_.join();
  // The node may still complete requests, whose answers nobody takes any more.
  mailbox_->close();
}

}  // namespace millrace::kafka
