// The transport actor: one CAF broker that owns all sockets of a node and runs its LinkManager,
// which implements the protocol. A second actor resolves host names.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/all.hpp>
#include <caf/fwd.hpp>
#include <caf/io/all.hpp>

#include "cluster/transport/links/peer_link.hpp"
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
/// Drain, end all links with a goodbye, then end the actor.
using StopAtom = caf::atom_constant<caf::atom("stop")>;

using ResolveAtom = caf::atom_constant<caf::atom("resolve")>;

/// (ResolvedAtom, index of peer): the lookup ended; the slot of the peer holds its result.
using ResolvedAtom = caf::atom_constant<caf::atom("resolved")>;

/// Result of the latest lookup of each peer, by index. The resolver writes a slot before it sends
/// ResolvedAtom; the broker reads the slot only after receiving it. No lock is needed.
using ResolvedSlots = std::vector<Result<std::vector<SocketAddress>>>;

/// Starts the resolver, on a thread of its own because lookups block. Answers (ResolveAtom, peer)
/// with (ResolvedAtom, peer). `addresses` and the slots are indexed as options.peers.
[[nodiscard]] caf::actor spawn_resolver(caf::actor_system& system, std::vector<Address> addresses,
                                        std::shared_ptr<ResolvedSlots> slots);

struct TransportSetup {
  TransportOptions options;
  std::shared_ptr<const TlsSource> tls;          ///< nullptr: plain
  std::vector<std::shared_ptr<PeerLink>> links;  ///< one per entry of options.peers, in that order
  caf::actor resolver;
  std::shared_ptr<ResolvedSlots> resolved;  ///< results of the resolver
};

/// Starts the broker. It owns and closes the listening socket.
[[nodiscard]] caf::actor spawn_transport(caf::actor_system& system, TransportSetup setup,
                                         const Listening& listening);

}  // namespace millrace::transport
