// The supervisor: starts the receivers of a node, and restarts those that end.
#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

/// To itself: start a receiver again.
struct RestartMessage {
  std::size_t worker = 0;  ///< index of the worker
};

/// Start another receiver, for a shard that has moved to this node.
struct AddWorkerMessage {
  std::shared_ptr<const ReceiverConfig> config;
};

/// The queue has moved to another node. A receiver without any other source ends.
struct DropSourceMessage {
  queues::QueueNumber number = 0;
};

/// Starts a receiver for each of `workers`. A receiver that ends unexpectedly, for example because
/// its handler's constructor threw, is started again after 100 ms; the delay doubles up to 30 s,
/// and is 100 ms again after a receiver has run for a minute. Its leases return to their queues.
/// After an exit message the supervisor ends its receivers and itself.
[[nodiscard]] caf::actor spawn_supervisor(caf::actor_system& system,
                                          std::vector<ReceiverConfig> workers);

}  // namespace millrace::receivers
