// Breaks, on purpose, what a forwarder says to the queue on another node.
#pragma once

#include <random>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "actors/testing/memory_log.hpp"
#include "tests/sim/cluster_sim.hpp"

namespace millrace {

/// `target` itself, or an actor that stands before it and breaks what `what` names.
[[nodiscard]] queues::OfferHandle sabotage(caf::actor_system& system, Sabotage what,
                                           const queues::OfferHandle& target,
                                           std::mt19937_64& random);

/// Breaks the log for those of them that are of the log.
void sabotage(MemoryLog& log, Sabotage what);

}  // namespace millrace
