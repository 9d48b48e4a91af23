// Queues that no stage reads, and that workers lease messages of over HTTP. Pure.
#pragma once

#include <optional>
#include <span>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Returns the pipeline receivers::leased_queues with an external stage for each of `queues` that has
/// `leases`; nullopt: none has. Such a queue has all that a queue with a stage has: a queue of dead
/// letters, limits of retries, and back-pressure of the queues in its `outputs`, known before the node
/// starts and equal on all nodes. `pipelines`: all others. Fails with `invalid_argument`: the pipeline's
/// name is taken, the queue or one of its outputs is not known, or a stage reads the queue.
[[nodiscard]] Result<std::optional<PipelineSpec>> lease_queues(
    std::span<const PipelineSpec> pipelines, std::span<const config::QueueConfig> queues);

}  // namespace millrace::cluster
