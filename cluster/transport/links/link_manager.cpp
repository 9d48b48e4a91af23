#include "cluster/transport/links/link_manager.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/transport/protocol/hello_check.hpp"

namespace millrace::transport {
namespace {

// Time for a goodbye to reach the peer before the socket is closed.
constexpr DurationUs linger_us = 100'000;

constexpr std::size_t standbys_max = 64;

LinkTimes times_of(const TransportOptions& options) {
  return {to_us(options.hello_timeout), to_us(options.ping_interval), to_us(options.silence_max)};
}

}  // namespace

LinkManager::LinkManager(TransportOptions options, std::vector<std::shared_ptr<PeerLink>> links,
                         Sockets& sockets, ChannelFactory make_channel, std::uint64_t seed)
    : options_(std::move(options)),
      times_(times_of(options_)),
      sockets_(sockets),
      make_channel_(std::move(make_channel)),
      table_(sockets, options_.unproven_max),
      random_(seed) {
  for (std::size_t i = 0; i < options_.peers.size(); ++i) {
    const Peer& peer = options_.peers[i];
    peers_.push_back({peer, links[i],
                      PeerDialing(to_us(options_.redial_first), to_us(options_.redial_max)),
                      is_dialed_here(peer), false, peer.incarnation});
  }
}

void LinkManager::set_peers(const std::vector<PeerEntry>& peers, TimeUs now_us) {
  now_us_ = now_us;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    if (i == peers_.size()) {
      peers_.push_back({peers[i].peer, peers[i].link,
                        PeerDialing(to_us(options_.redial_first), to_us(options_.redial_max))});
    }
    PeerState& peer = peers_[i];
    leave_former(i, peers[i].peer);
    peer.peer = peers[i].peer;
    if (std::exchange(peer.is_removed, peers[i].is_removed) && !peer.is_removed) {
      peer.dialing = PeerDialing(to_us(options_.redial_first), to_us(options_.redial_max));
    }
    peer.is_dialed_here = !peer.is_removed && is_dialed_here(peer.peer);
    if (!peer.is_removed || !peer.current) continue;
    if (auto* const entry = table_.find(*peer.current)) {
      close(*peer.current, *entry,
            {ErrorCode::unreachable, "the node was taken out of the configuration"});
    }
  }
}

bool LinkManager::is_dialed_here(const Peer& peer) const {
  return dials(options_.own.node, peer.name) && !peer.address.host.empty();
}

void LinkManager::leave_former(std::size_t index, const Peer& next) {
  PeerState& peer = peers_[index];
  if (next.incarnation > peer.incarnation) {
    peer.incarnation = next.incarnation;
    if (auto* const entry = peer.current ? table_.find(*peer.current) : nullptr) {
      close(*peer.current, *entry,
            {ErrorCode::fenced, "another process is '" + next.name + "' now, in incarnation " +
                                    std::to_string(next.incarnation)});
    }
  }
  const Address& before = peer.peer.address;
  if (before.host == next.address.host && before.port == next.address.port) return;
  // An attempt to reach the former address may take long: nobody answers there any more.
  for (const SocketId socket : table_.sockets()) {
    const auto* const entry = table_.find(socket);
    if (entry == nullptr || !entry->is_dialed || entry->peer != index || peer.current == socket)
      continue;
    table_.cut(socket);
  }
  if (!peer.current)
    peer.dialing = PeerDialing(to_us(options_.redial_first), to_us(options_.redial_max));
}

Connection LinkManager::connect(TlsContext::Role role) const {
  return {make_channel_(role), LinkCore(options_.frame_bytes_max, times_, now_us_),
          make_hello(options_.own)};
}

std::chrono::milliseconds LinkManager::tick_pause() const {
  using std::chrono::milliseconds;
  if (is_quiet()) return std::clamp(options_.ping_interval / 4, milliseconds(2), milliseconds(250));
  return std::clamp(std::min(options_.redial_first, options_.ping_interval) / 4, milliseconds(2),
                    milliseconds(25));
}

// Whether only pings and the silence of peers are to be looked for.
bool LinkManager::is_quiet() const {
  if (drain_until_us_) return false;
  std::size_t links = 0;
  for (const PeerState& peer : peers_) {
    if (peer.current) {
      ++links;
    } else if (peer.is_dialed_here && !peer.is_removed) {
      return false;
    }
  }
  return table_.sockets().size() == links + table_.standbys();
}

void LinkManager::tick(TimeUs now_us) {
  now_us_ = now_us;
  table_.cut_due(now_us);
  for (const SocketId socket : table_.sockets()) {
    auto* const entry = table_.find(socket);
    if (entry == nullptr) continue;
    auto event = entry->connection.tick(now_us);
    if (handle(socket, *entry, std::move(event))) table_.write(socket);
  }
  if (!drain_until_us_) {
    dial_due();
  } else if (!is_leaving_ && is_drained()) {
    say_goodbye();
  }
}

void LinkManager::dial_due() {
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    PeerState& peer = peers_[i];
    if (!peer.is_dialed_here || !peer.dialing.begin(now_us_)) continue;
    auto socket = sockets_.dial(i);
    if (!socket) {
      dial_failed(peer, socket.error());
    } else if (*socket) {
      table_.add(**socket, connect(TlsContext::Role::dialing), i);
    }
  }
}

void LinkManager::dialed(std::size_t peer, const Result<SocketId>& socket, TimeUs now_us) {
  now_us_ = now_us;
  if (!socket) return dial_failed(peers_[peer], socket.error());
  if (drain_until_us_ || peers_[peer].is_removed) return sockets_.cut(*socket);
  table_.add(*socket, connect(TlsContext::Role::dialing), peer);
}

void LinkManager::dial_failed(PeerState& peer, const Error& reason) {
  peer.link->down(reason);
  peer.dialing.failed(now_us_, random_());
  if (std::exchange(peer.logged_reason, reason.message) != reason.message) {
    spdlog::warn("transport: no link to '{}' at {}:{}: {}: {}", peer.peer.name,
                 peer.peer.address.host, peer.peer.address.port, to_string(reason.code),
                 reason.message);
  }
}

void LinkManager::accepted(SocketId socket, TimeUs now_us) {
  now_us_ = now_us;
  if (const auto oldest = table_.surplus()) {
    refusals_.refused({ErrorCode::unauthenticated, "too many that do not say who they are"},
                      now_us);
    table_.cut(*oldest);
  }
  table_.add(socket, connect(TlsContext::Role::accepting), std::nullopt);
}

void LinkManager::received(SocketId socket, std::string_view bytes, TimeUs now_us) {
  now_us_ = now_us;
  auto* const entry = table_.find(socket);
  if (entry == nullptr) return;
  entry->connection.receive(bytes, now_us);
  for (;;) {
    auto event = entry->connection.next();
    if (std::holds_alternative<std::monostate>(event)) break;
    if (!handle(socket, *entry, std::move(event))) return;
  }
  table_.write(socket);
}

void LinkManager::ended(SocketId socket, TimeUs now_us) {
  now_us_ = now_us;
  if (const auto* const entry = table_.find(socket)) {
    lost(socket, *entry, {ErrorCode::unreachable, "the connection ended"});
  }
  table_.forget(socket);
}

bool LinkManager::handle(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event) {
  if (std::holds_alternative<std::monostate>(event)) return true;
  if (const auto* const hello = std::get_if<HelloReceived>(&event)) {
    return greet(socket, entry, hello->hello);
  }
  if (const auto* const closed = std::get_if<LinkClosed>(&event)) {
    close(socket, entry, closed->reason);
    return false;
  }
  return handle_link(socket, entry, std::move(event));
}

bool LinkManager::handle_link(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event) {
  if (entry.is_standby) {
    if (std::holds_alternative<LinkUp>(event)) return true;
    close(socket, entry, {ErrorCode::protocol, "a standby sends frames"});
    return false;
  }
  PeerState& peer = peers_[*entry.peer];
  if (const auto* const up = std::get_if<LinkUp>(&event)) {
    spdlog::info("transport: link to '{}' is up, incarnation {}", peer.peer.name, peer.incarnation);
    peer.logged_reason.clear();
    peer.dialing.up(now_us_);
    peer.link->up(peer.incarnation, up->held, peer.features);
  } else if (auto* const frame = std::get_if<FrameReceived>(&event)) {
    if (!peer.link->received(std::move(frame->frame))) {
      close(socket, entry, {ErrorCode::protocol, "more in flight than the window allows"});
      return false;
    }
  } else if (const auto* const credit = std::get_if<CreditReceived>(&event)) {
    peer.link->credited(credit->charge);
  }
  return true;
}

LinkManager::PeerState* LinkManager::find(std::string_view name) {
  const auto at = std::find_if(peers_.begin(), peers_.end(), [name](const PeerState& peer) {
    return peer.peer.name == name && !peer.is_removed;
  });
  return at == peers_.end() ? nullptr : &*at;
}

Result<void> LinkManager::check(const ConnectionTable::Entry& entry, const pb::Hello& hello) {
  const bool is_standby = !entry.is_dialed && hello.node() == standby_name;
  const auto check = is_standby ? check_standby : check_hello;
  return check(
      hello,
      {.own = options_.own,
       .dialed = entry.is_dialed ? std::string_view(peers_[*entry.peer].peer.name) : "",
       .is_certified = [&](std::string_view name) { return entry.connection.certifies(name); },
       .known_incarnation = [&](std::string_view name) -> const std::uint64_t* {
         const PeerState* const peer = find(name);
         return peer == nullptr ? nullptr : &peer->incarnation;
       }});
}

bool LinkManager::greet(SocketId socket, ConnectionTable::Entry& entry, const pb::Hello& hello) {
  if (const auto checked = check(entry, hello); !checked) {
    close(socket, entry, checked.error());
    return false;
  }
  if (hello.node() == standby_name) return greet_standby(socket, entry);
  PeerState& peer = *find(hello.node());
  if (peer.current) {
    // The peer connects again only after its end of the previous link went down.
    if (auto* const before = table_.find(*peer.current)) {
      close(*peer.current, *before, {ErrorCode::unreachable, "the peer has connected anew"});
    }
  }
  peer.incarnation = hello.incarnation();
  peer.features = hello.features();
  peer.current = socket;
  entry.peer = static_cast<std::size_t>(&peer - peers_.data());
  entry.connection.welcome(peer.link->begin());
  return true;
}

bool LinkManager::greet_standby(SocketId socket, ConnectionTable::Entry& entry) {
  if (table_.standbys() >= standbys_max) {
    close(socket, entry, {ErrorCode::unreachable, "too many standbys"});
    return false;
  }
  entry.is_standby = true;
  entry.connection.welcome(0);
  return true;
}

void LinkManager::close(SocketId socket, ConnectionTable::Entry& entry, const Error& reason) {
  entry.connection.goodbye(reason);
  lost(socket, entry, reason);
  table_.end(socket, now_us_ + linger_us);
}

void LinkManager::lost(SocketId socket, const ConnectionTable::Entry& entry, const Error& reason) {
  if (!entry.peer) {
    if (!entry.is_standby) refusals_.refused(reason, now_us_);
    return;
  }
  PeerState& peer = peers_[*entry.peer];
  if (peer.current == socket) {
    peer.current.reset();
    if (peer.link->status().is_up) {
      spdlog::log(reason.code == ErrorCode::draining ? spdlog::level::info : spdlog::level::warn,
                  "transport: link to '{}' is down: {}: {}", peer.peer.name, to_string(reason.code),
                  reason.message);
      peer.logged_reason = reason.message;
    }
    peer.link->down(reason);
  }
  if (entry.is_dialed) dial_failed(peer, reason);
}

void LinkManager::flush(std::size_t index) {
  PeerState& peer = peers_[index];
  Outgoing outgoing = peer.link->take();
  auto* const entry = peer.current ? table_.find(*peer.current) : nullptr;
  if (entry == nullptr || !entry->connection.is_up()) return;
  if (outgoing.rejection) return close(*peer.current, *entry, *outgoing.rejection);
  if (outgoing.credit > 0) entry->connection.give_credit(outgoing.credit);
  for (; !outgoing.frames.empty(); outgoing.frames.pop_front()) {
    entry->connection.send(outgoing.frames.front());
  }
  table_.write(*peer.current);
}

void LinkManager::drain(TimeUs now_us) {
  now_us_ = now_us;
  drain_until_us_ = now_us + to_us(options_.drain_timeout);
}

bool LinkManager::is_drained() const {
  return now_us_ >= *drain_until_us_ ||
         std::all_of(peers_.begin(), peers_.end(),
                     [](const PeerState& peer) { return peer.link->is_idle(); });
}

void LinkManager::say_goodbye() {
  is_leaving_ = true;
  const Error reason{ErrorCode::draining, "the node stops"};
  for (const SocketId socket : table_.sockets()) {
    if (auto* const entry = table_.find(socket)) close(socket, *entry, reason);
  }
}

}  // namespace millrace::transport
