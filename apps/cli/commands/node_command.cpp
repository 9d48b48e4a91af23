// millrace node: runs a node of a cluster from its config file.
#include <memory>

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
};

int run_node(const NodeOptions& options, const Program& program) {
  const serve::Signals signals;
  config::Resolved resolved = load_config(options.inputs);
  if (!resolved.problems.empty()) return exit_config;
  return serve::serve_node({.config = std::move(resolved.config),
                            .reload =
                                [&options] {
                                  config::Inputs again = options.inputs;
                                  again.environment = config::environment();
                                  return config::load(again, std::time(nullptr));
                                },
                            .pipelines = program.pipelines(),
                            .resources = program.resources,
                            .version = MILLRACE_VERSION,
                            .accepts_loss = options.accepts_loss},
                           signals);
}

}  // namespace

void add_node(CLI::App& app, Action& action, const Program& program) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add_command(app, "node", "run a node of a cluster, from a config file");
  add_config_options(*command, options->inputs);
  command->add_flag("--accept-loss", options->accepts_loss,
                    "start with a data directory that was restored from an older copy, although "
                    "messages that were confirmed since the copy are missing in it");
  command->footer(
      "SIGTERM or SIGINT drains the node; a second one ends it at once. SIGHUP reads log.level\n"
      "and the files of [tls] again: new links begin with them, those that are up stay, and a\n"
      "bad file is logged and changes nothing. Exit status: 0 drained, 1 failed, 78 mistakes in\n"
      "the configuration, or a data directory that is an older copy.");
  command->callback([options, &action, &program] {
    action = [options, &program] {
      return run_node(*options, program);
    };
  });
}

}  // namespace millrace::cli
