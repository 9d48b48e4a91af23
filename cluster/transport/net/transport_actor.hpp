// The transport actor: one CAF broker that owns all sockets of a node and runs its LinkManager,
// which implements the protocol. A second actor resolves host names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/all.hpp>
#include <caf/fwd.hpp>
#include <caf/io/all.hpp>

#include "cluster/transport/links/peer_links.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/net/socket.hpp"
#include "cluster/transport/tls/tls_context.hpp"

namespace millrace::transport {

/// Configuration of the transport's actor system: one scheduler thread, because the broker and the
/// detached actors have threads of their own.
class TransportActorConfig : public caf::actor_system_config {
 public:
  explicit TransportActorConfig(const TransportOptions& options) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
    set("middleman.workers", std::size_t{0});
    set("middleman.max-consecutive-reads", options.consecutive_reads_max);
  }
};

/// (FlushAtom, index of peer): the link of the peer has data to write.
using FlushAtom = caf::atom_constant<caf::atom("flush")>;
/// The peers have changed.
using PeersAtom = caf::atom_constant<caf::atom("peers")>;
/// Drain, end all links with a goodbye, then end the actor.
using StopAtom = caf::atom_constant<caf::atom("stop")>;

using ResolveAtom = caf::atom_constant<caf::atom("resolve")>;

/// (ResolvedAtom, index of peer): the lookup ended; the slot of the peer holds its result.
using ResolvedAtom = caf::atom_constant<caf::atom("resolved")>;

/// Result of the latest lookup of each peer, by index. Thread-safe.
class ResolvedSlots {
 public:
  using Addresses = Result<std::vector<SocketAddress>>;

  void set(std::uint32_t peer, Addresses addresses) {
    const std::lock_guard lock(mutex_);
    slots_.insert_or_assign(peer, std::move(addresses));
  }
  /// Requires an earlier set() of the peer.
  [[nodiscard]] Addresses get(std::uint32_t peer) const {
    const std::lock_guard lock(mutex_);
    return slots_.at(peer);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Addresses> slots_;
};

/// Starts the resolver, on a thread of its own because lookups block. Answers (ResolveAtom, peer)
/// with (ResolvedAtom, peer). `links` outlives the actor.
[[nodiscard]] caf::actor spawn_resolver(caf::actor_system& system, const PeerLinks& links,
                                        std::shared_ptr<ResolvedSlots> slots);

struct TransportSetup {
  TransportOptions options;
  std::shared_ptr<const TlsSource> tls;  ///< nullptr: plain
  const PeerLinks* links = nullptr;      ///< outlives the actor
  caf::actor resolver;
  std::shared_ptr<ResolvedSlots> resolved;  ///< results of the resolver
};

/// Starts the broker. It owns and closes the listening socket.
[[nodiscard]] caf::actor spawn_transport(caf::actor_system& system, TransportSetup setup,
                                         const Listening& listening);

}  // namespace millrace::transport
