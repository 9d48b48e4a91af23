// The actor of a queue: passes commands to the pure core, its records to the log, and its leases to
// receivers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/queue/shell/stage_breaker.hpp"
#include "actors/queue/state/invariants.hpp"
#include "actors/state_store/state_keeper.hpp"

namespace millrace::queues {

/// The environment of a queue's actor. `log` and `clock` outlive it. The functions are called on
/// the queue's thread, may be empty, and must not throw.
struct QueueActorConfig {
  std::unique_ptr<State> state;  ///< as recovered, declared, with its limits
  RecordLog* log = nullptr;
  const Clock* clock = nullptr;
  caf::actor reader;                      ///< answers ReadMessage; invalid: all bodies stay cached
  states::StateKeeper* states = nullptr;  ///< outlives the actor; null: all keys are in memory
  std::uint64_t seed = 0;                 ///< of the jitter of retries
  std::function<Origins()> origins{};     ///< queues to which dead letters of this queue may return
  /// Queues that stop leasing while this queue is above its high water.
  std::function<std::vector<QueueHandle>()> feeders{};
  /// Queues that refuse offers meanwhile.
  std::function<std::vector<QueueHandle>()> cycle{};
  /// Called when the queue's tables violate an invariant. Empty: see InvariantMonitor.
  OnViolation on_violation{};
  /// Called when an outbox has had replies for messages that this queue does not have, with the
  /// error `outdated`. May be empty.
  std::function<void(const Error&)> on_outdated{};
  /// Of the stage that reads the queue; shared with its other shards. Null: nothing is held back.
  std::shared_ptr<StageBreaker> breaker{};
  /// The queue begins paused, by this command, unless it is paused already. Null: it does not.
  std::shared_ptr<const PauseCommand> start_paused{};
  bool quiesced = false;  ///< begins quiesced and sealed: the queue is staged, or its shard fenced
};

/// Starts the actor of one queue of one shard. The actor ends on an exit message or RetireMessage;
/// if it ends for any other reason the node must stop, because nothing else may decide for the
/// queue.
[[nodiscard]] QueueHandle spawn_queue(caf::actor_system& system, QueueActorConfig config);

}  // namespace millrace::queues
