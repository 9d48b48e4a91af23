// Federation: what a node's runtime needs of the cluster, and what the cluster gets of the runtime.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <caf/fwd.hpp>

#include "actors/queue/queue_messages.hpp"

namespace millrace {

struct LocalQueue {
  queues::QueueHandle handle;  ///< null: this node does not serve it
  queues::QueueNumber number = 0;
};

/// Finds queues of this node. Thread-safe.
using LocalQueues = std::function<LocalQueue(const std::string& queue, std::uint32_t shard)>;

/// Implemented by the cluster; must outlive the runtime.
class Federation {
 public:
  virtual ~Federation() = default;

  /// Whether this node serves `shard` of `queue`. The same for the life of the runtime.
  [[nodiscard]] virtual bool serves(const std::string& queue, std::uint32_t shard) const = 0;

  /// What stands here for a shard that another node serves. It takes what a queue takes of a
  /// producer, and answers as that queue does, or not at all: the forwarder asks again.
  [[nodiscard]] virtual queues::OfferHandle remote(caf::actor_system& system,
                                                   const std::string& queue,
                                                   std::uint32_t shard) = 0;

  /// The queues of this node can take offers from other nodes; `local` until stopped().
  virtual void started(caf::actor_system& system, LocalQueues local) = 0;

  /// Take no more offers from other nodes, and let go of all actors.
  virtual void stopped() = 0;
};

}  // namespace millrace
