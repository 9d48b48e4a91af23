// The operator: carries out what a person asks for the live messages of a queue: look at them, drop
// them, put dead letters back. Page by page, bodies read beside the writer, one page at a time.
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
  /// The queue in one shard, and there the queues that its dead letters may go back to.
  struct Shard {
    queues::QueueNumber number = 0;
    queues::QueueHandle queue;
    std::map<std::string, queues::QueueHandle> origins{};
  };

  Operation operation{};
  std::vector<Shard> shards{};
  caf::actor reader{};  ///< answers ReadMessage; invalid: queues keep all bodies
  std::function<void(OperationResult)> done{};  ///< called once, on the operator's thread
};

/// Starts an operator. It ends when it is done.
void spawn_operator(caf::actor_system& system, OperatorConfig config);

}  // namespace millrace
