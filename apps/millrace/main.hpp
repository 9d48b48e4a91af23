// millrace::main(): the command line of Millrace for a program with its own pipelines.
#pragma once

#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/millrace/program.hpp"

namespace millrace {

/// Parses the command line, runs the chosen command, and returns the exit status:
///
///     int main(int argc, char** argv) {
///       return millrace::main(argc, argv, {orders});
///     }
///
/// `node -c FILE` runs `pipelines` on a node, `dev` on a local cluster. The other commands are
/// those of the program millrace, except `simulate`, `order` and `bench`. An invalid pipeline prints one
/// line on stderr and returns 1. Blocks until the command ends; does not throw. REQUIRES: no thread
/// has been started; `argv` is the argument of ::main().
[[nodiscard]] int main(int argc, char** argv, std::vector<PipelineSpec> pipelines);

/// The same, with all that a program may add. A mistake in it prints one line on stderr and returns 2.
[[nodiscard]] int main(int argc, char** argv, Program program);

}  // namespace millrace
