// Node process of a simulation: runs the order workflow and places its share of the load.
#pragma once

#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Serves until SIGTERM, then drains. After a kill, another call with the same directory and
/// witness resumes. Returns the exit status; records a failure in the witness. Blocks.
[[nodiscard]] int run_node(const Options& options, const NodeOptions& own, WitnessMemory& witness);

}  // namespace millrace::simulate
