// millrace node: runs a node of a cluster from its config file.
#include <iostream>
#include <memory>
#include <utility>

#include "apps/cli/config_options.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/program.hpp"
#include "apps/serve/serve_node.hpp"
#include "apps/serve/signals.hpp"

namespace millrace::cli {
namespace {

struct NodeOptions {
  config::Inputs inputs;
  bool accepts_loss = false;
  bool start_paused = false;
};

int run_node(const NodeOptions& options, const Program& program) {
  const serve::Signals signals;
  config::Resolved resolved = load_config(options.inputs);
  if (!resolved.problems.empty()) return exit_config;
  if (options.start_paused) resolved.config.runtime.start_paused = true;
  auto pipelines = program.pipelines(resolved.program);
  if (!pipelines) {
    std::cerr << "millrace: error: " << pipelines.error().message << '\n';
    return exit_failed;
  }
  return serve::serve_node({.config = std::move(resolved.config),
                            .settings = std::move(resolved.settings),
                            .reload =
                                [&options] {
                                  config::Inputs again = options.inputs;
                                  again.environment = config::environment();
                                  return config::load(again, std::time(nullptr));
                                },
                            .pipelines = *std::move(pipelines),
                            .resources = program.resources,
                            .version = MILLRACE_VERSION,
                            .accepts_loss = options.accepts_loss,
                            .metrics = program.metrics,
                            .on_start = program.on_start,
                            .on_stop = program.on_stop},
                           signals);
}

}  // namespace

void add_node(CLI::App& app, Action& action, const Program& program) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add_command(app, "node", "run a node of a cluster, from a config file");
  add_config_options(*command, options->inputs);
  command->add_flag(
      "--accept-loss", options->accepts_loss,
      "start with a data directory that is empty or an older copy, although what this "
      "node confirmed since is missing in it");
  command->add_flag(
      "--start-paused", options->start_paused,
      "begin with all queues that stages read paused, as runtime.start_paused = true");
  command->footer(
      "SIGTERM or SIGINT drains the node; a second one ends it at once. SIGHUP reads the\n"
      "configuration again: nodes, weights, roles, overrides, log.level and the files of [tls]\n"
      "take effect at once, links that are up stay, and no shard moves by it; the log names keys\n"
      "that need a restart, and a mistake changes nothing. Exit status: 0 drained, 1 failed, 78\n"
      "mistakes in the configuration, or a data directory that is an older copy.");
  command->callback([options, &action, &program] {
    action = [options, &program] {
      return run_node(*options, program);
    };
  });
}

}  // namespace millrace::cli
