// The receiver: asks queues for messages, runs a stage over them, and reports the outcomes.
//
//   subscribe(credit) ─▶ grants ─▶ [batch gathers] ─▶ stage ─▶ complete ─▶ new credit ─▶ …
//
// It runs leases in slices of 10 ms and reports after each, and asks for more time for those that
// wait. A handler of its own that takes longer is alone in its slice.
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

/// Leases are left from the last slice.
struct RunMessage {};

/// Waits until the batch that has been gathering since `opened` should run.
struct WindowMessage {
  std::uint64_t opened = 0;
};

/// A queue of one shard that a receiver takes messages from.
struct Source {
  queues::QueueNumber number = 0;
  queues::QueueHandle handle;
};

/// What became of messages, for metrics. Called by the receiver's own thread.
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  virtual void on_results(const StageRun& run, TimeUs started_us, TimeUs ended_us) = 0;
};

struct ReceiverConfig {
  std::shared_ptr<const StageSpec> spec;
  OutputRoutes outputs;
  std::vector<Source> sources;
  std::uint32_t credit = 256;  ///< messages in flight from each source
  const Clock* clock = nullptr;
  bool own_thread = false;            ///< the stage may block
  StageObserver* observer = nullptr;  ///< may be null
};

/// Starts one worker of a stage: on a thread of its own where the stage may block. It ends when
/// told to exit; its leases return to their queues.
[[nodiscard]] caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config);

}  // namespace millrace::receivers
