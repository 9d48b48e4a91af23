// The delivery actor: calls the listener with what one peer sent, on a thread of its own, so that a
// listener that blocks holds up nobody else.
#pragma once

#include <memory>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "cluster/transport/links/peer_link.hpp"

namespace millrace::transport {

using DeliverAtom = caf::atom_constant<caf::atom("deliver")>;
/// Delivers what is there, then ends.
using FinishAtom = caf::atom_constant<caf::atom("finish")>;

[[nodiscard]] caf::actor spawn_delivery(caf::actor_system& system, std::shared_ptr<PeerLink> link,
                                        TransportListener& listener);

}  // namespace millrace::transport
