// SimulatedTransport: one node of a SimulatedNetwork. Single-threaded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/transport/links/connection_table.hpp"
#include "cluster/transport/links/link_manager.hpp"
#include "cluster/transport/links/peer_links.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

class SimulatedNetwork;

class SimulatedTransport final : public Transport, private Sockets {
 public:
  SimulatedTransport(SimulatedNetwork& network, TransportOptions options, std::uint64_t seed);
  ~SimulatedTransport() override;

  Result<void> start(TransportListener& listener) override;
  /// Runs the network until the links have ended.
  Result<void> stop() override;
  Result<void> send(std::string_view peer, Frame&& frame) override;
  Result<void> reject(std::string_view peer, Error reason) override;
  [[nodiscard]] Result<LinkStatus> status(std::string_view peer) const override;
  /// Replaces the peers, as a node does on SIGHUP. Fails with `invalid_argument`.
  Result<void> set_peers(std::vector<Peer> peers);

  // Called by SimulatedNetwork.
  [[nodiscard]] const std::string& node() const { return options_.own.node; }
  [[nodiscard]] bool is_running() const { return listener_ != nullptr; }
  void accepted(SocketId socket);
  void received(SocketId socket, std::string_view bytes);
  void ended(SocketId socket);
  /// From now on neither calls the listener nor uses the network.
  void kill();

 private:
  void tick();
  /// Lets the links call back that have not done so yet. REQUIRES: is_running().
  void attach_links();
  Result<std::optional<SocketId>> dial(std::size_t peer) override;
  std::vector<char>& buffer(SocketId socket) override { return buffers_[socket]; }
  void flush(SocketId socket) override;
  void cut(SocketId socket) override;

  SimulatedNetwork& network_;
  const TransportOptions options_;
  PeerLinks links_;
  LinkManager manager_;
  TransportListener* listener_ = nullptr;
  std::size_t attached_ = 0;  ///< links below this index are attached
  std::map<SocketId, std::vector<char>> buffers_;
};

}  // namespace millrace::transport
