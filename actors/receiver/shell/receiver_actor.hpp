// The receiver: takes leases of the queues of one stage, and hands them to the stage's workers,
// which it starts, watches and replaces.
//
//     SubscribeMessage ──▶ GrantMessage ──▶ LeasePool ──▶ worker: Stage::run ──▶ CompleteMessage
//                               ▲                                                      │
//                               └────────────── the report returns credit ─────────────┘
//
// Any idle worker takes the next lease. The receiver runs no code of the user, so it always answers:
// while a handler is slow, it reports the outcomes of that worker's earlier leases, and extends the
// leases that wait.
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
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::receivers {

/// Time for which a worker runs leases before it reports. A call of a handler is slow after twice
/// that.
constexpr DurationUs slice_us = 10'000;

/// To itself: look at the workers.
struct WatchMessage {};

/// To itself: the window of the oldest lease of a batch has ended.
struct WindowMessage {};

/// From a worker: it is idle, while leases wait for the end of the window of their batch.
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
};

struct ReceiverConfig {
  std::shared_ptr<const StageSpec> spec;
  std::vector<TargetShards> targets;  ///< in the order of StageSpec::targets
  std::vector<Source> sources;
  const Clock* clock = nullptr;       ///< not null; must outlive the actor
  bool own_thread = false;            ///< true if the stage may block
  StageObserver* observer = nullptr;  ///< may be null; must outlive the actor
};

/// Whether workers ask for more when they begin to run a lease, not when they have finished: each
/// handling may take long, so that only as much is leased as can be run.
[[nodiscard]] inline bool has_demand_at_begin(const StageSpec& spec) {
  return spec.options.blocking && !spec.is_batch;
}

/// Starts the receiver of a stage and, while it has sources, StageOptions::workers workers. A worker
/// that ends unexpectedly, for example because its handler's constructor threw, is started again
/// after 100 ms; the delay doubles up to 30 s, and is 100 ms again after a worker has run for a
/// minute. The leases that it ran return to their queues. After an exit message the receiver and its
/// workers end, and all leases return.
[[nodiscard]] caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config);

}  // namespace millrace::receivers
