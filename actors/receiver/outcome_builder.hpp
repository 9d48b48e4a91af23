// build_outcome: turns the results of a stage into the outcome of a lease, as the queue logs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/queue/decide/decide_complete.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::receivers {

/// Numbers of the queues of one target of a stage, by shard.
using TargetShards = std::vector<queues::QueueNumber>;

/// Where the outputs of one worker go.
struct OutputRoutes {
  std::vector<TargetShards> targets;  ///< in the order of StageSpec::targets
  std::vector<bool> reply_targets{};  ///< which of them are reply queues; shorter: the rest is none
  std::uint32_t shard = 0;            ///< shard of the lease: takes outputs without a key
};

/// Returns the outcome of `lease` and moves the results out of `run`.
///
/// Each output gets an id derived from the input's id, `stage` and its index, and a shard by its
/// key. It inherits the input's key, priority, birth time and deadline unless its options say
/// otherwise, and the key under which an asker waits for a reply. In a reply queue that key is the
/// output's, whatever the handler says. Delays and timers count from `now_us`.
/// Requires: run.results has one entry for each of run.inputs.
[[nodiscard]] queues::LeaseOutcome build_outcome(const std::string& stage,
                                                 const OutputRoutes& routes, queues::LeaseId lease,
                                                 StageRun& run, TimeUs now_us);

/// Estimates the bytes that `outcome` takes in a record: state, outputs, history, timers, and the
/// inputs that are not acked, because each of them may become a dead letter in that record.
[[nodiscard]] std::size_t bytes_of(const queues::LeaseOutcome& outcome, const StageRun& run);

}  // namespace millrace::receivers
