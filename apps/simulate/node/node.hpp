// A node of a simulation: the order workflow on a data directory, and its share of the load.
#pragma once

#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Serves until SIGTERM, then drains. Killed and run again on the same directory and witness it
/// goes on where it was. Returns the exit status; a failure is in the witness, too.
[[nodiscard]] int run_node(const Options& options, const NodeOptions& own, WitnessMemory& witness);

}  // namespace millrace::simulate
