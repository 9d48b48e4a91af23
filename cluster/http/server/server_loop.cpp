#include "cluster/http/server/server_loop.hpp"

#include <algorithm>
#include <utility>

#include <netinet/tcp.h>

namespace millrace::http {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds accept_pause{100};
/// How late a deadline may be noticed.
constexpr std::chrono::milliseconds sweep_interval{100};
/// Of an answer, what the kernel holds unsent; the rest waits here, where it is counted.
constexpr int kernel_unsent_bytes_max = 128 << 10;

Connection::Peer peer_of(const Tcp::socket& socket) {
  NetError error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {.address = "unknown", .is_loopback = false};
  net::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  }
  return {.address = address.to_string(), .is_loopback = address.is_loopback()};
}

bool is_passing(const NetError& error) {
  return error == net::error::connection_aborted || error == net::error::interrupted ||
         error == net::error::try_again;
}

}  // namespace

ServerLoop::ServerLoop(const ServerOptions& options, std::unique_ptr<net::io_context> context,
                       Tcp::acceptor acceptor, HttpHandler& handler)
    : options_(options),
      handler_(handler),
      context_(std::move(context)),
      acceptor_(std::move(acceptor)),
      accept_timer_(*context_),
      sweep_timer_(*context_),
      inbox_(std::make_shared<LoopInbox>(static_cast<LoopWaker&>(*this))),
      bodies_(std::make_shared<ByteBudget>(options.bodies_bytes_max)),
      pool_(handler) {
  accept_next();
  thread_ = std::thread([this] {
    const auto work = net::make_work_guard(*context_);
    context_->run();
  });
}

ServerLoop::~ServerLoop() {
  stop(std::chrono::milliseconds(0));
}

// --- Accepting -----------------------------------------------------------------------------------

void ServerLoop::accept_next() {
  acceptor_.async_accept([this](const NetError& error, Tcp::socket socket) {
    if (is_stopping_ || error == net::error::operation_aborted) return;
    if (!error) accept(std::move(socket));
    if (!error || is_passing(error)) return accept_next();
    // Out of descriptors or memory, which does not pass at once: one connection less may help.
    if (const auto longest = order_.longest(steady_clock::now())) close(*longest);
    accept_timer_.expires_after(accept_pause);
    accept_timer_.async_wait([this](const NetError& cancelled) {
      if (!cancelled) accept_next();
    });
  });
}

void ServerLoop::accept(Tcp::socket socket) {
  NetError ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(Tcp::no_delay(true), ignored);
  const int unsent = kernel_unsent_bytes_max;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);

  Connection::Peer peer = peer_of(socket);
  const SteadyTime now = steady_clock::now();
  const bool is_peer_full =
      !peer.is_loopback && order_.count_of(peer.address) >= options_.peer_connections_max;
  bool is_reserve = false;
  if (is_peer_full || order_.size() >= options_.connections_max) {
    const auto longest = is_peer_full ? order_.longest_of(peer.address, now) : order_.longest(now);
    if (longest) close(*longest);
    is_reserve = !longest;
  }
  if (is_reserve && reserve_.size() >= reserve_connections) {
    // Of these the oldest goes, whatever it does: each has one short answer to get.
    close(*reserve_.begin());
  }
  const auto connection =
      std::make_shared<Connection>(static_cast<ConnectionHost&>(*this), std::move(socket),
                                   ++last_id_, std::move(peer), is_reserve);
  connections_.emplace(connection->id(), connection);
  if (is_reserve) reserve_.insert(connection->id());
  connection->start();
  arm_sweep();
}

void ServerLoop::close(ActivityOrder::Id id) {
  if (const auto connection = find(id)) connection->close();
}

std::shared_ptr<Connection> ServerLoop::find(std::uint64_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void ServerLoop::note(const Connection& connection, Occupation occupation) {
  if (connection.is_reserve()) return;
  order_.note(connection.id(), occupation, steady_clock::now(), connection.peer().address);
}

void ServerLoop::forget(Connection& connection) {
  order_.remove(connection.id());
  reserve_.erase(connection.id());
  connections_.erase(connection.id());
}

// --- Requests ------------------------------------------------------------------------------------

bool ServerLoop::has_answer_room(Lane lane) const {
  const auto max = static_cast<std::int64_t>(options_.answers_bytes_max);
  return answer_bytes_ < (lane == Lane::bulky ? max / 2 : max);
}

void ServerLoop::run(Connection& /*connection*/, Lane lane, Work work) {
  if (lane == Lane::health || lane == Lane::loop) return run_handler(handler_, std::move(work));
  if (!has_answer_room(lane)) {
    answer_line_.push_back({lane, std::move(work)});
    return;
  }
  pool_.run(lane, std::move(work));
}

void ServerLoop::ask_for_room(Connection& connection) {
  const bool is_small = connection.body_bytes() <= ByteBudget::small_bytes;
  if ((is_small || room_line_.empty()) && connection.take_room()) return;
  room_line_.push_back(connection.weak_from_this());
}

void ServerLoop::count_answer(std::int64_t change) {
  answer_bytes_ += change;
}

/// Large bodies get room in their order; small ones have room of their own, and pass them.
void ServerLoop::give_room() {
  bool is_large_waiting = false;
  std::erase_if(room_line_, [&](const std::weak_ptr<Connection>& each) {
    const auto connection = each.lock();
    if (!connection) return true;
    const bool is_large = connection->body_bytes() > ByteBudget::small_bytes;
    if (is_large && is_large_waiting) return false;
    const bool has_room = connection->take_room();
    is_large_waiting = is_large_waiting || (is_large && !has_room);
    return has_room;
  });
  for (auto each = answer_line_.begin(); each != answer_line_.end();) {
    if (has_answer_room(each->lane)) {
      pool_.run(each->lane, std::move(each->work));
      each = answer_line_.erase(each);
    } else {
      ++each;
    }
  }
}

void ServerLoop::wake_loop() {
  net::post(*context_, [this] { take_events(); });
}

void ServerLoop::take_events() {
  for (LoopEvent& event : inbox_->take_all()) {
    const auto connection = find(event.connection);
    if (!connection) continue;
    if (auto* response = std::get_if<HttpResponse>(&event.content)) {
      connection->answer(event.exchange, std::move(*response));
    } else {
      connection->continue_stream(event.exchange);
    }
  }
  if (!room_line_.empty() || !answer_line_.empty()) give_room();
  report_if_quiet();
}

// --- Time ----------------------------------------------------------------------------------------

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
  const SteadyTime now = steady_clock::now();
  // Others wait for the room that those take which make no progress.
  if (!room_line_.empty()) {
    while (const auto stalled = order_.stalled(Occupation::reading_body, now)) close(*stalled);
  }
  if (!has_answer_room(Lane::bulky)) {
    while (const auto stalled = order_.stalled(Occupation::sending, now)) close(*stalled);
  }
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->sweep(now);
  // Connections that have gone must not leave their requests behind.
  std::erase_if(answer_line_,
                [](const Deferred& each) { return !each.work.pending->is_awaited(); });
  pool_.drop_abandoned();
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
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->wind_down();
  report_if_quiet();
}

void ServerLoop::report_if_quiet() {
  if (!is_stopping_) return;
  const bool is_serving = std::any_of(connections_.begin(), connections_.end(),
                                      [](const auto& each) { return each.second->is_serving(); });
  if (is_serving) return;
  {
    const std::lock_guard lock(mutex_);
    is_quiet_ = true;
  }
  changed_.notify_all();
}

void ServerLoop::stop(std::chrono::milliseconds grace) {
  if (std::exchange(is_stopped_, true)) return;
  net::post(*context_, [this] { begin_stop(); });
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, grace, [this] { return is_quiet_; });
  }
  net::post(*context_, [this] {
    while (!connections_.empty()) connections_.begin()->second->close();
    context_->stop();
  });
  thread_.join();
  // Handlers may still complete or drop answers, of which nobody takes any.
  inbox_->close();
  pool_.stop();
}

}  // namespace millrace::http
