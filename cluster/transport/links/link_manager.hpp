// LinkManager: the links of one node to all its peers. It dials those that this node is to dial,
// hears out whoever connects, tells nodes apart, and moves frames between connections and the
// PeerLinks. It is driven from one thread and knows no CAF, clock or network: the simulation runs
// the same code.
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

/// Logs refused connections, at most one line per second, so that strangers cannot fill the log.
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
  /// `links` as options.peers; `make_channel` gives the security of a new connection.
  using ChannelFactory = std::function<std::unique_ptr<Channel>(TlsContext::Role)>;
  LinkManager(TransportOptions options, std::vector<std::shared_ptr<PeerLink>> links,
              Sockets& sockets, ChannelFactory make_channel, std::uint64_t seed);

  /// To be called every tick_pause.
  void tick(TimeUs now_us);
  [[nodiscard]] std::chrono::milliseconds tick_pause() const;

  /// The late answer of Sockets::dial.
  void dialed(std::size_t peer, const Result<SocketId>& socket, TimeUs now_us);
  void accepted(SocketId socket, TimeUs now_us);
  void received(SocketId socket, std::string_view bytes, TimeUs now_us);
  void ended(SocketId socket, TimeUs now_us);
  /// The link of this peer has something to take.
  void flush(std::size_t peer);

  /// Waits a while for what is in flight, then ends all links; is_finished when all is quiet.
  void drain(TimeUs now_us);
  [[nodiscard]] bool is_finished() const { return is_leaving_ && table_.empty(); }

 private:
  struct PeerState {
    Peer peer;
    std::shared_ptr<PeerLink> link;
    PeerDialing dialing;
    bool is_dialed_here = false;
    std::uint64_t incarnation = 0;      // the highest seen
    std::optional<SocketId> current{};  // the connection of its link
    std::string logged_reason{};        // what the log said last about it being down
  };

  void dial_due();
  /// False when the connection is over.
  bool handle(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event);
  bool handle_link(SocketId socket, ConnectionTable::Entry& entry, LinkEvent event);
  bool greet(SocketId socket, ConnectionTable::Entry& entry, const pb::Hello& hello);
  [[nodiscard]] Result<void> check(const ConnectionTable::Entry& entry, const pb::Hello& hello);
  [[nodiscard]] PeerState* find(std::string_view name);
  void close(SocketId socket, ConnectionTable::Entry& entry, const Error& reason);
  void lost(SocketId socket, const ConnectionTable::Entry& entry, const Error& reason);
  void dial_failed(PeerState& peer, const Error& reason);
  void say_goodbye();
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
  std::optional<TimeUs> drain_until_us_;  // set by drain
  bool is_leaving_ = false;               // goodbye was said
};

}  // namespace millrace::transport
