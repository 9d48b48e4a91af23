// millrace::main(): a program of one's own, with the whole command line of Millrace.
#pragma once

#include <vector>

#include "actors/stage/pipeline_spec.hpp"

namespace millrace {

/// Does what the command line says, and returns the exit status of the program:
///
///     int main(int argc, char** argv) {
///       return millrace::main(argc, argv, {orders});
///     }
///
/// `node -c FILE` runs `pipelines` on a node, `dev` on a local cluster; all other commands are
/// those of the program millrace, but for what it has for its order workflow. A mistake in the
/// pipelines is one line on stderr and status 1. Call it before any thread is started; `argv` is as
/// main got it. It blocks until the command is done, and throws nothing.
[[nodiscard]] int main(int argc, char** argv, std::vector<PipelineSpec> pipelines);

}  // namespace millrace
