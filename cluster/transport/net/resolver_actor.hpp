// The resolver actor: looks names up on a thread of its own, as the system's resolver blocks.
#pragma once

#include <functional>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "cluster/transport/net/socket.hpp"

namespace millrace::transport {

using ResolveAtom = caf::atom_constant<caf::atom("resolve")>;

/// Sent back: the lookup of this peer has ended, and its slot holds what was found.
using ResolvedAtom = caf::atom_constant<caf::atom("resolved")>;

/// What was found last for each peer, by index. Written by the resolver before it answers, and read
/// by the broker after.
using ResolvedSlots = std::vector<Result<std::vector<SocketAddress>>>;

/// Answers (ResolveAtom, peer) with (ResolvedAtom, peer).
[[nodiscard]] caf::actor spawn_resolver(caf::actor_system& system, std::vector<Address> addresses,
                                        std::shared_ptr<ResolvedSlots> slots);

}  // namespace millrace::transport
