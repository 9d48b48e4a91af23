// The queue's shell: hands commands to the core, records to the log, and leases to receivers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/record_log.hpp"

namespace millrace::queues {

/// What a queue's actor works with. `log` and `clock` outlive it.
struct QueueActorConfig {
  std::unique_ptr<State> state;  ///< as recovered; named and limited
  RecordLog* log = nullptr;
  const Clock* clock = nullptr;
  caf::actor reader;                   ///< answers ReadMessage; invalid: all bodies stay cached
  std::uint64_t seed = 0;              ///< of the jitter of retries
  std::function<Origins()> origins{};  ///< where dead letters of this queue may go back to
  /// Queues that stop dispatching while this one is above its high water.
  std::function<std::vector<QueueHandle>()> feeders{};
  /// Queues that take no offers meanwhile.
  std::function<std::vector<QueueHandle>()> cycle{};
  bool quiesced = false;  ///< begins as after a QuiesceMessage: a copy in the making, or fenced
};

/// Starts the actor of one queue of one shard. It ends when it is told to exit; if it ends for any
/// other reason the node must stop, because nobody else may decide in its place.
[[nodiscard]] QueueHandle spawn_queue(caf::actor_system& system, QueueActorConfig config);

}  // namespace millrace::queues
