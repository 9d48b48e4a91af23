// Federation: what a node's runtime needs of the cluster, and what the cluster gets of the runtime.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "actors/base/shell/any_actor.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "messages/cluster.pb.h"

namespace millrace {

struct LocalQueue {
  queues::QueueHandle handle;  ///< null: this node does not serve it
  queues::QueueNumber number = 0;
};

class ShardMoves;

/// What a node has written down of shards, by role and number.
using ShardRecords = std::map<std::pair<std::string, std::uint32_t>, pb::ShardRecord>;

/// Finds queues of this node. Thread-safe.
using LocalQueues = std::function<LocalQueue(const std::string& queue, std::uint32_t shard)>;

/// Implemented by the cluster; must outlive the runtime.
class Federation {
 public:
  virtual ~Federation() = default;

  /// What this node's disk says of shards, by role and number; before anything else is asked.
  virtual void recovered(const ShardRecords& records) { static_cast<void>(records); }

  /// Whether this node serves `shard` of `queue`: asked at the start, and from then on the runtime
  /// knows, as it changes with its own ShardMoves only.
  [[nodiscard]] virtual bool serves(const std::string& queue, std::uint32_t shard) const = 0;

  /// Whether the shard was on its way to another node when this one ended: then it serves it, but
  /// may do no work on it until it knows what became of that.
  [[nodiscard]] virtual bool is_fenced(const std::string& queue, std::uint32_t shard) const {
    static_cast<void>(queue);
    static_cast<void>(shard);
    return false;
  }

  /// What stands here for a shard that another node serves; asked again when that changes. It takes
  /// what a queue takes of a producer, and answers as that queue does, or not at all: the forwarder
  /// asks again.
  [[nodiscard]] virtual queues::OfferHandle remote(ActorSystem& system, const std::string& queue,
                                                   std::uint32_t shard) = 0;

  /// The queues of this node can take offers from other nodes, and its shards can move; both until
  /// stopped().
  virtual void started(ActorSystem& system, LocalQueues local, ShardMoves& moves) = 0;

  /// Take no more offers from other nodes, and let go of all actors.
  virtual void stopped() = 0;
};

}  // namespace millrace
