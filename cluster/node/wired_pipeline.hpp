// Pipelines that a configuration wires, from stages that the program has. Pure.
#pragma once

#include <span>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The pipeline that `told` describes with `from`, `stages` and `to`. A stage is known by its name
/// in any of `program`, and may be used in several pipelines; the queue behind a stage is called
/// "<pipeline>.<stage>", as in a chain that a program wires. Queues that the program knows keep
/// their key. Fails with `invalid_argument`: no such stage (with the near one), a stage whose
/// output is not what the next one takes, or that writes to several queues.
[[nodiscard]] Result<PipelineSpec> wire(const config::PipelineConfig& told,
                                        std::span<const PipelineSpec> program);

}  // namespace millrace::cluster
