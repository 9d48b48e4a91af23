// The order workflow for `millrace node`: with a simulated payment gateway in the process, and
// without witness memory.
#pragma once

#include <vector>

#include "actors/stage/pipeline_spec.hpp"

namespace millrace::simulate {

/// The order workflow and a stage that reads orders.finished. The gateway never fails; it keeps the
/// books of the last 200,000 orders. The stock is that of `millrace simulate --seed 1`.
[[nodiscard]] std::vector<PipelineSpec> standalone_pipelines();

}  // namespace millrace::simulate
