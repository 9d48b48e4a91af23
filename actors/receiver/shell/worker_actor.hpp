// A worker: an actor with its copy of a stage's handler. It takes leases from the pool of its
// receiver, runs the stage over them, and reports the outcomes to the queues as the receiver.
//
// A stage that is no batch stage runs its leases in slices of about 10 ms with one report each. A
// lease that was lost before, and each lease of a blocking stage, has a report of its own.
#pragma once

#include <memory>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/receiver/lease_pool.hpp"
#include "actors/receiver/outcome_builder.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/receiver/worker_slot.hpp"
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::receivers {

class StageObserver;

/// To a worker: leases are ready.
struct RunMessage {};

struct WorkerConfig {
  WorkerId id = 0;
  std::shared_ptr<const StageSpec> spec;
  OutputRoutes outputs;
  std::shared_ptr<LeasePool> pool;
  std::shared_ptr<WorkerSlot> slot;
  std::shared_ptr<RunningSlot> running;  ///< says what is handled; null: nothing does
  caf::actor receiver;                   ///< in whose name it reports
  const Clock* clock = nullptr;          ///< not null; must outlive the actor
  bool own_thread = false;               ///< true if the stage may block
  StageObserver* observer = nullptr;     ///< may be null; must outlive the actor
};

[[nodiscard]] CallPolicy call_policy(const StageSpec& spec);

/// Starts a worker. It ends after an exit message, when its handler has returned.
[[nodiscard]] caf::actor spawn_worker(caf::actor_system& system, WorkerConfig config);

}  // namespace millrace::receivers
