// The receiver: a worker of a stage. It takes leases of queues, runs the stage over them, and
// reports the outcomes.
//
//     SubscribeMessage ──▶ GrantMessage ──▶ gather a batch ──▶ Stage::run ──▶ CompleteMessage
//                               ▲            (batch stages)                         │
//                               └───────────── the report returns credit ───────────┘
//
// A stage that is no batch stage runs its leases in slices of about 10 ms with one report each, so
// a slow handler does not delay the outcomes of others; the leases that wait are extended. A lease
// that was lost before, and each lease of a blocking stage, has a slice and a report of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/receiver/outcome_builder.hpp"
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::receivers {

/// To itself: run the next slice.
struct RunMessage {};

/// To itself: the batch window `number` has ended.
struct WindowMessage {
  std::uint64_t number = 0;
};

/// A queue of one shard that a receiver takes leases of.
struct Source {
  queues::QueueNumber number = 0;
  queues::QueueHandle handle;
};

/// Receives the results of a stage, for metrics.
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  /// Called once for each lease that was run, on the receiver's thread, before the outcome is
  /// reported. Must not throw or block. `run` is valid during the call.
  virtual void on_results(const StageRun& run, Now started, Now ended) = 0;
};

struct ReceiverConfig {
  std::shared_ptr<const StageSpec> spec;
  OutputRoutes outputs;
  std::vector<Source> sources;
  std::uint32_t credit = 256;         ///< messages leased of each source at a time, at most
  const Clock* clock = nullptr;       ///< not null; must outlive the actor
  bool own_thread = false;            ///< true if the stage may block
  StageObserver* observer = nullptr;  ///< may be null; must outlive the actor
};

/// Starts a worker. It ends after an exit message; its leases return to their queues.
[[nodiscard]] caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config);

}  // namespace millrace::receivers
