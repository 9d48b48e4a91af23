// Program: the parts of a program beside the common command line, and the entry point of the
// command line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/audit/audit.hpp"
#include "apps/cli/command_line.hpp"
#include "cluster/http/resources.hpp"

namespace millrace::cli {

struct Program {
  std::string description;                               ///< first line of --help
  std::function<std::vector<PipelineSpec>()> pipelines;  ///< called by `node`, on the main thread
  http::Resources resources{};                           ///< added to the HTTP API of a node
  std::vector<void (*)(CLI::App&, Action&)> commands{};  ///< added to the command line
  std::function<void(audit::Audit&)> audit{};  ///< adds checks of the application to `audit`
};

/// Adds the command `node`, which runs the pipelines of `program`. REQUIRES: `program` outlives
/// `action`.
void add_node(CLI::App& app, Action& action, const Program& program);

/// Adds the command `audit`. REQUIRES: `program` outlives `action`.
void add_audit(CLI::App& app, Action& action, const Program& program);

/// Parses the command line and runs the chosen command. Returns the exit status; does not throw.
/// Blocks until the command ends. REQUIRES: no other thread has been started.
[[nodiscard]] int run_program(int argc, char** argv, const Program& program);

}  // namespace millrace::cli
