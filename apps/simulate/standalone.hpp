// The order workflow for a node that serves on its own: with a payment gateway inside, and nobody
// who watches.
#pragma once

#include <vector>

#include "actors/stage/pipeline_spec.hpp"

namespace millrace::simulate {

/// The order workflow and the customers who are told of the end of their orders. The gateway never
/// fails; it remembers what it was asked of the last 200,000 orders. Goods are those of
/// `millrace simulate --seed 1`.
[[nodiscard]] std::vector<PipelineSpec> standalone_pipelines();

}  // namespace millrace::simulate
