// The receiver: takes leases of the queues of one stage, and hands them to the stage's workers,
// which it starts, watches and replaces.
//
//     SubscribeMessage ──▶ GrantMessage ──▶ LeasePool ──▶ worker: Stage::run ──▶ CompleteMessage
//                               ▲                                                      │
//                               └────────────── the report returns credit ─────────────┘
//
// Any idle worker takes the next leases. The receiver runs no code of the user, so it always answers:
// while a handler is slow, it reports the outcomes of that worker's earlier leases, lets other workers
// take those that the worker has not begun, and extends the leases that wait.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/receiver/leases.hpp"
#include "actors/receiver/outcome_builder.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::receivers {

/// Time for which a worker runs leases before it reports. A call of a handler is slow after twice
/// that.
constexpr DurationUs slice_us = 10'000;

/// To itself: look at the workers.
struct WatchMessage {};

/// To itself: the window of the oldest lease of a batch has ended.
struct WindowMessage {};

/// From a worker: it is idle or ends, while leases wait.
struct IdleMessage {};

/// To itself: start the worker again.
struct RestartMessage {
  std::size_t worker = 0;  ///< index of the worker
};

/// Another shard is served here.
struct AddSourceMessage {
  std::shared_ptr<const Source> source;
};

/// The queue has moved to another node. A receiver without any source has no workers.
struct DropSourceMessage {
  queues::QueueNumber number = 0;
};

/// Receives the results of a stage, for metrics.
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  /// Called once for each lease that was run, on the worker's thread, before the outcome is
  /// reported. Must not throw or block. `run` is valid during the call.
  virtual void on_results(const StageRun& run, Now started, Now ended) = 0;
  /// Called once when a handler runs beyond its lease, on the receiver's thread, with the number of
  /// messages that it handles. Must not throw or block.
  virtual void on_overrun(std::size_t messages) = 0;
};

struct ReceiverConfig {
  std::shared_ptr<const StageSpec> spec;
  std::vector<TargetShards> targets;  ///< in the order of StageSpec::targets
  std::vector<bool> reply_targets;    ///< which of them are reply queues
  std::vector<Source> sources;
  const Clock* clock = nullptr;           ///< not null; must outlive the actor
  bool own_thread = false;                ///< true if the stage may block
  StageObserver* observer = nullptr;      ///< may be null; must outlive the actor
  std::shared_ptr<SuspectGate> gate;      ///< of the node; null: suspects run beside others
  std::shared_ptr<RunningTable> running;  ///< of the node; null: none
  std::size_t run_messages = 1;           ///< messages of a lease, at most
};

/// Whether workers ask for more when they begin to run a lease, not when they have finished: each
/// handling may take long, so that only as much is leased as can be run.
[[nodiscard]] inline bool has_demand_at_begin(const StageSpec& spec) {
  return spec.options.blocking && !spec.is_batch;
}

/// Workers of one stage whose handler does not return, and that another one has replaced.
constexpr std::size_t replaced_max = 16;

/// Messages of one call of the stage's handler, at most. `run_messages`: of a lease.
[[nodiscard]] inline std::size_t call_messages(const StageSpec& spec, std::size_t run_messages) {
  return spec.is_batch ? spec.options.batch.max : run_messages;
}

/// Starts the receiver of a stage and, while it has sources, StageOptions::workers workers. A worker
/// that ends unexpectedly, for example because its handler's constructor threw, is started again
/// after 100 ms; the delay doubles up to 30 s, and is 100 ms again after a worker has run for a
/// minute. The leases that it ran return to their queues.
///
/// A handler that runs beyond its lease is logged and counted, and its message has failed. A worker
/// with a thread of its own is then replaced, and its outcome dropped when the handler returns; of at
/// most `replaced_max` workers the handlers run on like this, and then no more are replaced until one
/// returns. A worker on the scheduler is not replaced: it keeps one of the scheduler's threads.
///
/// After an exit message the receiver and its
/// workers end, and all leases return.
[[nodiscard]] caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config);

}  // namespace millrace::receivers
