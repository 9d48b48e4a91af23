// Planted faults: in the messages from a forwarder to a queue of another node, and in a log.
#pragma once

#include <random>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "actors/testing/memory_log.hpp"
#include "tests/sim/cluster_sim.hpp"

namespace millrace {

/// Returns an actor in front of `target` that plants the fault `what`; `target` itself if `what`
/// does not concern a forwarder.
[[nodiscard]] queues::OfferHandle sabotage(caf::actor_system& system, Sabotage what,
                                           const queues::OfferHandle& target,
                                           std::mt19937_64& random);

/// Plants the fault `what` in the log; does nothing if `what` does not concern a log.
void sabotage(MemoryLog& log, Sabotage what);

}  // namespace millrace
