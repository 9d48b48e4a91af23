// The operator: carries out one Operation on the live messages of a queue, one page at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/operate/operation.hpp"
#include "actors/queue/shell/queue_handle.hpp"

namespace millrace {

struct OperatorConfig {
  /// The queue in one shard, and the queues of the shard that its dead letters may return to, by
  /// name.
  struct Shard {
    queues::QueueNumber number = 0;
    queues::QueueHandle queue;
    std::map<std::string, queues::QueueHandle> origins{};
  };

  Operation operation{};
  std::vector<Shard> shards{};
  caf::actor reader{};  ///< answers ReadMessage; empty: queues keep all bodies
  std::function<void(OperationResult)>
      done{};  ///< called once, on the operator's thread; must not throw
};

/// Starts an operator; it ends after `done`. Reads the shards in order. If the node stops, `done`
/// gets the result so far, stopped by `draining`.
void spawn_operator(caf::actor_system& system, OperatorConfig config);

}  // namespace millrace
