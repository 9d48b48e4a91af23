// Program: what one program adds to the command line that all of them have.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/cli/command_line.hpp"
#include "cluster/http/resources.hpp"

namespace millrace::cli {

struct Program {
  std::string description;
  std::function<std::vector<PipelineSpec>()> pipelines;  ///< called where a node is to run them
  http::Resources resources{};                           ///< of its own, at a node's HTTP API
  std::vector<void (*)(CLI::App&, Action&)> commands{};  ///< of its own
};

/// The node command, which runs the pipelines of `program`; that outlives the action.
void add_node(CLI::App& app, Action& action, const Program& program);

/// Does what the command line says, and returns the exit status. Throws nothing.
[[nodiscard]] int run_program(int argc, char** argv, const Program& program);

}  // namespace millrace::cli
