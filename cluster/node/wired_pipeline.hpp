// Pipelines that a configuration wires, from stages that the program has. Pure.
#pragma once

#include <span>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Returns the pipeline of `from`, `stages` and `to` of `config`. Stages are external, or are found by
/// name in all pipelines of `program`, and may be used in several. The output queue of a stage is named
/// "<pipeline>.<stage>". Queues of the program, and those of `queues` that have a type, keep their key.
/// Fails with `invalid_argument`: an unknown stage (the message suggests a similar name), a stage whose
/// output type is not the next stage's input type, a stage that writes to several queues, or an
/// external stage of a queue without a type.
[[nodiscard]] Result<PipelineSpec> wire(const config::PipelineConfig& config,
                                        std::span<const PipelineSpec> program,
                                        std::span<const config::QueueConfig> queues = {});

}  // namespace millrace::cluster
