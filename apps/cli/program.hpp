// Program: the parts of a program beside the common command line, and the entry point of the
// command line.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "apps/audit/audit.hpp"
#include "apps/cli/command_line.hpp"
#include "cluster/config/program_keys.hpp"
#include "cluster/http/resources.hpp"
#include "messages/result.hpp"

namespace millrace::cli {

struct Program {
  std::string description;  ///< first line of --help
  /// Called by `node`, on the main thread, with the values of `keys`.
  std::function<Result<std::vector<PipelineSpec>>(const ProgramConfig&)> pipelines;
  std::vector<ConfigKey> keys{};  ///< added to those of config files
  http::Resources resources{};    ///< added to the HTTP API of a node
  /// Each adds a command to the command line.
  std::vector<std::function<void(CLI::App&, Action&)>> commands{};
  std::function<void(audit::Audit&)> audit{};  ///< adds checks of the application to `audit`
  std::shared_ptr<Metrics> metrics{};          ///< as RuntimeOptions::metrics
  // As those of ServeOptions.
  std::function<void(Runtime&)> on_start{};
  std::function<void()> on_stop{};
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
