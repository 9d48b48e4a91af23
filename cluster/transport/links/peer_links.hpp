// PeerLinks: the PeerLink of each peer, by name; implements send, reject and status for all
// transports. Peers keep their index for the life of the transport; one that is taken out of the
// configuration keeps it too, and its link stays down.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/assert.hpp"
#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/links/transport_options.hpp"

namespace millrace::transport {

/// Thread-safe.
class PeerLinks {
 public:
  explicit PeerLinks(const TransportOptions& options)
      : window_bytes_(options.window_bytes), frame_bytes_max_(options.frame_bytes_max) {
    MILLRACE_ASSERT(set(options.peers).has_value());  // see check_options()
  }

  Result<void> send(std::string_view peer, Frame&& frame) {
    PeerLink* const link = find(peer);
    return link != nullptr ? link->send(std::move(frame)) : unknown(peer);
  }
  Result<void> reject(std::string_view peer, Error reason) {
    PeerLink* const link = find(peer);
    if (link == nullptr) return unknown(peer);
    link->reject(std::move(reason));
    return {};
  }
  [[nodiscard]] Result<LinkStatus> status(std::string_view peer) const {
    const PeerLink* const link = find(peer);
    if (link == nullptr) return unknown(peer).error();
    return link->status();
  }
  /// Returns the links by index.
  [[nodiscard]] std::vector<std::shared_ptr<PeerLink>> all() const {
    std::vector<std::shared_ptr<PeerLink>> links;
    for (std::size_t i = 0; i < size_; ++i) links.push_back(slots_[i].link);
    return links;
  }
  /// Returns the peers by index.
  [[nodiscard]] std::vector<PeerEntry> entries() const {
    const std::lock_guard lock(mutex_);
    std::vector<PeerEntry> entries;
    for (std::size_t i = 0; i < size_; ++i) {
      entries.push_back({slots_[i].peer, slots_[i].link, slots_[i].is_removed});
    }
    return entries;
  }
  /// Requires index < entries().size().
  [[nodiscard]] Peer peer(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return slots_[index].peer;
  }

  /// Replaces the peers. Fails with `invalid_argument` if there were too many names since the start.
  Result<void> set(const std::vector<Peer>& peers) {
    const std::lock_guard lock(mutex_);
    const auto names = static_cast<std::size_t>(std::count_if(
        peers.begin(), peers.end(), [&](const Peer& peer) { return !slot(peer.name); }));
    if (size_ + names > peers_max) {
      return Error{ErrorCode::invalid_argument,
                   "transport: peers: more than " + std::to_string(peers_max) + " names"};
    }
    for (std::size_t i = 0; i < size_; ++i) slots_[i].is_removed = true;
    for (const Peer& peer : peers) {
      Slot* known = slot(peer.name);
      if (known == nullptr) {
        known = &slots_[size_];
        known->link = std::make_shared<PeerLink>(peer.name, window_bytes_, frame_bytes_max_);
        known->peer = peer;
        ++size_;
      }
      known->peer = peer;
      known->is_removed = false;
    }
    return {};
  }

 private:
  struct Slot {
    std::shared_ptr<PeerLink> link{};  ///< does not change once the slot is within size_
    std::atomic<bool> is_removed = false;
    Peer peer{};  ///< guarded by mutex_
  };

  // Without the lock: senders look up a link for each frame.
  [[nodiscard]] PeerLink* find(std::string_view peer) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (slots_[i].link->peer() != peer) continue;
      return slots_[i].is_removed ? nullptr : slots_[i].link.get();
    }
    return nullptr;
  }
  [[nodiscard]] Slot* slot(std::string_view peer) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (slots_[i].link->peer() == peer) return &slots_[i];
    }
    return nullptr;
  }
  static Result<void> unknown(std::string_view peer) {
    return Error{ErrorCode::not_found, "no peer is called '" + std::string(peer) + "'"};
  }

  const std::size_t window_bytes_;
  const std::size_t frame_bytes_max_;
  mutable std::mutex mutex_;
  const std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(peers_max);
  std::atomic<std::size_t> size_ = 0;  ///< slots in use; only grows
};

}  // namespace millrace::transport
