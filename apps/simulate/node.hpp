// The node of a simulation: the order workflow on a data directory, and the load that is put on it.
#pragma once

#include "apps/simulate/options.hpp"
#include "apps/simulate/witness_memory.hpp"

namespace millrace::simulate {

/// Runs until every order is finished and every queue is empty, then drains. Killed and run again
/// on the same directory and witness it goes on where it was. Returns the exit status; a failure is
/// in the witness, too.
[[nodiscard]] int run_node(const Options& options, WitnessMemory& witness);

}  // namespace millrace::simulate
