// The transport actor: one CAF broker that holds all connections of a node. What a connection says
// and understands is decided in link_core and hello_check; here bytes are moved, peers are dialed
// and nodes are told apart.
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

/// (FlushAtom, peer): its link has something to write.
using FlushAtom = caf::atom_constant<caf::atom("flush")>;
/// Drain, say goodbye, end.
using StopAtom = caf::atom_constant<caf::atom("stop")>;

using ResolveAtom = caf::atom_constant<caf::atom("resolve")>;

/// Sent back: the lookup of this peer has ended, and its slot holds what was found.
using ResolvedAtom = caf::atom_constant<caf::atom("resolved")>;

/// What was found last for each peer, by index. Written by the resolver before it answers, and read
/// by the broker after.
using ResolvedSlots = std::vector<Result<std::vector<SocketAddress>>>;

/// Answers (ResolveAtom, peer) with (ResolvedAtom, peer).
[[nodiscard]] caf::actor spawn_resolver(caf::actor_system& system, std::vector<Address> addresses,
                                        std::shared_ptr<ResolvedSlots> slots);

struct TransportSetup {
  TransportOptions options;
  std::shared_ptr<const TlsSource> tls;          ///< nullptr: plain
  std::vector<std::shared_ptr<PeerLink>> links;  ///< as options.peers
  caf::actor resolver;
  std::shared_ptr<ResolvedSlots> resolved;  ///< what the resolver found
};

/// Takes over the listening socket.
[[nodiscard]] caf::actor spawn_transport(caf::actor_system& system, TransportSetup setup,
                                         const Listening& listening);

}  // namespace millrace::transport
