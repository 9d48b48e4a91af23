// From what a stage made of a run to what the queue logs.
#pragma once

#include <vector>

#include "actors/queue/decide/decide_complete.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

/// Turns a run's results into the outcome of `lease`. Outputs get their ids, shards, and what they
/// inherit of the input: key, priority, birth and deadline.
[[nodiscard]] queues::LeaseOutcome build_outcome(const ReceiverConfig& config,
                                                 queues::LeaseId lease, StageRun& run,
                                                 TimeUs now_us);

/// What the outcome takes of a record, about: outputs and changes, and bodies that may die.
[[nodiscard]] std::size_t bytes_of(const queues::LeaseOutcome& outcome, const StageRun& run);

}  // namespace millrace::receivers
