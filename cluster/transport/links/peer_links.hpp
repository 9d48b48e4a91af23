// PeerLinks: the PeerLink of each peer, by name; implements send, reject and status for all
// transports.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/links/transport_options.hpp"

namespace millrace::transport {

class PeerLinks {
 public:
  explicit PeerLinks(const TransportOptions& options) {
    for (const Peer& peer : options.peers) {
      links_.push_back(
          std::make_shared<PeerLink>(peer.name, options.window_bytes, options.frame_bytes_max));
    }
  }

  Result<void> send(std::string_view peer, Frame&& frame) {
    const auto link = find(peer);
    return link ? link->send(std::move(frame)) : unknown(peer);
  }
  Result<void> reject(std::string_view peer, Error reason) {
    const auto link = find(peer);
    if (!link) return unknown(peer);
    link->reject(std::move(reason));
    return {};
  }
  [[nodiscard]] Result<LinkStatus> status(std::string_view peer) const {
    const auto link = find(peer);
    if (!link) return unknown(peer).error();
    return link->status();
  }
  /// Returns the links in the order of TransportOptions::peers.
  [[nodiscard]] const std::vector<std::shared_ptr<PeerLink>>& all() const { return links_; }

 private:
  [[nodiscard]] std::shared_ptr<PeerLink> find(std::string_view peer) const {
    for (const auto& link : links_) {
      if (link->peer() == peer) return link;
    }
    return nullptr;
  }
  static Result<void> unknown(std::string_view peer) {
    return Error{ErrorCode::not_found, "no peer is called '" + std::string(peer) + "'"};
  }

  std::vector<std::shared_ptr<PeerLink>> links_;
};

}  // namespace millrace::transport
