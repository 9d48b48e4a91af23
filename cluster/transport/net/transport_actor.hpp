// The transport actor: one CAF broker that holds all connections of a node. What a connection says
// and understands is decided in link_core and hello_check; here bytes are moved, peers are dialed
// and nodes are told apart.
#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/net/resolver_actor.hpp"
#include "cluster/transport/net/socket.hpp"
#include "cluster/transport/tls/tls_source.hpp"

namespace millrace::transport {

/// (FlushAtom, peer): its link has something to write.
using FlushAtom = caf::atom_constant<caf::atom("flush")>;
/// Drain, say goodbye, end.
using StopAtom = caf::atom_constant<caf::atom("stop")>;

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
