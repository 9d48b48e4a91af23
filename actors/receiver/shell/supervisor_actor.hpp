// The supervisor: keeps the receivers of a node alive.
#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

/// It is time to start a receiver again.
struct RestartMessage {
  std::size_t worker = 0;
};

/// One more receiver, for a shard that came to this node.
struct AddWorkerMessage {
  std::shared_ptr<const ReceiverConfig> config;
};

/// This queue is another node's now, and gives nothing more: who takes from no other ends.
struct DropSourceMessage {
  queues::QueueNumber number = 0;
};

/// Starts a receiver for each of `workers`, and another one in place of each that ends though
/// nobody told it to: after 100 ms, doubling up to 30 s, and from 100 ms again once one has lived
/// for a minute. Its queues take back what it held. Told to end, it ends its receivers first.
[[nodiscard]] caf::actor spawn_supervisor(caf::actor_system& system,
                                          std::vector<ReceiverConfig> workers);

}  // namespace millrace::receivers
