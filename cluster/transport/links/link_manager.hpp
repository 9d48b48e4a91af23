// LinkManager: the links of one node to all its peers. Dials peers, checks the hello of every
// connection, and moves frames between connections and PeerLinks. All calls come from one thread.
// I/O goes through Sockets and the time comes with each call, so the simulation runs the same code.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/base/time.hpp"
#include "cluster/transport/links/connection_table.hpp"
#include "cluster/transport/links/peer_dialing.hpp"
#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// Logs refused connections: at most one line per second, so that they cannot flood the log.
class RefusalLog {
 public:
  void refused(const Error& why, TimeUs now_us) {
    ++unlogged_;
    if (logged_us_ != 0 && now_us - logged_us_ < 1'000'000) return;
    spdlog::warn("transport: refused {} connection(s), the last: {}: {}", unlogged_,
                 to_string(why.code), why.message);
    logged_us_ = now_us;
    unlogged_ = 0;
  }

 private:
  std::uint64_t unlogged_ = 0;
  TimeUs logged_us_ = 0;
};

class LinkManager {
 public:
  /// Returns the channel of a new connection. Called on the manager's thread; must not throw.
  using ChannelFactory = std::function<std::unique_ptr<Channel>(TlsContext::Role)>;
  /// `links` has one link per entry of options.peers, in that order. `sockets` must outlive this
  /// object. `seed` decides the random part of redial pauses.
  LinkManager(TransportOptions options, std::vector<std::shared_ptr<PeerLink>> links,
              Sockets& sockets, ChannelFactory make_channel, std::uint64_t seed);

  /// Dials, pings, and closes connections that timed out. Call every tick_pause().
  void tick(TimeUs now_us);
  [[nodiscard]] std::chrono::milliseconds tick_pause() const;

  // Called by the owner of Sockets.
  /// Completes a Sockets::dial that returned nullopt.
  void dialed(std::size_t peer, const Result<SocketId>& socket, TimeUs now_us);
  void accepted(SocketId socket, TimeUs now_us);
  void received(SocketId socket, std::string_view bytes, TimeUs now_us);
  void ended(SocketId socket, TimeUs now_us);
  /// Writes the frames and credit that PeerLink::take returns. Call after wake_broker of this peer.
  void flush(std::size_t peer);

  /// The peers by index; more of them than before, perhaps other addresses, and perhaps some are taken
  /// out: their links end.
  void set_peers(const std::vector<PeerEntry>& peers, TimeUs now_us);

  /// Waits up to drain_timeout for frames in flight, then ends all links with a goodbye. tick()
  /// must still be called until is_finished().
  void drain(TimeUs now_us);
  [[nodiscard]] bool is_finished() const { return is_leaving_ && table_.empty(); }

 private:
  struct PeerState {
    Peer peer;
    std::shared_ptr<PeerLink> link;
    PeerDialing dialing;
    bool is_dialed_here = false;
    bool is_removed = false;
    std::uint64_t incarnation = 0;      // the highest received; 0: none
    std::uint64_t features = 0;         // in the hello of the latest link
    std::optional<SocketId> current{};  // socket of the link; nullopt: down
    std::string logged_reason{};        // last logged reason of a failure
  };

  void dial_due();
  [[nodiscard]] bool is_dialed_here(const Peer& peer) const;
  /// Ends what leads to an earlier incarnation, or to an address of before.
  void leave_former(std::size_t index, const Peer& next);
  /// Returns false if the connection was closed; `entry` is then invalid.
  bool handle(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event);
  bool handle_link(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event);
  bool greet(SocketId socket, ConnectionTable::Entry& entry, const pb::Hello& hello);
  bool greet_standby(SocketId socket, ConnectionTable::Entry& entry);
  [[nodiscard]] Result<void> check(const ConnectionTable::Entry& entry, const pb::Hello& hello);
  [[nodiscard]] PeerState* find(std::string_view name);
  void close(SocketId socket, ConnectionTable::Entry& entry, const Error& reason);
  void lost(SocketId socket, const ConnectionTable::Entry& entry, const Error& reason);
  void dial_failed(PeerState& peer, const Error& reason);
  void say_goodbye();
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] Connection connect(TlsContext::Role role) const;

  const TransportOptions options_;
  const LinkTimes times_;
  Sockets& sockets_;
  ChannelFactory make_channel_;
  ConnectionTable table_;
  std::vector<PeerState> peers_;
  RefusalLog refusals_;
  std::mt19937_64 random_;
  TimeUs now_us_ = 0;
  std::optional<TimeUs> drain_until_us_;  // nullopt: drain() was not called
  bool is_leaving_ = false;               // goodbye was sent on all links
};

}  // namespace millrace::transport
