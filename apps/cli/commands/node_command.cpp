// millrace node: runs a node of a cluster from its config file.
#include <memory>

#include "apps/cli/config_options.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/program.hpp"
#include "apps/serve/serve_node.hpp"
#include "apps/serve/signals.hpp"

namespace millrace::cli {
namespace {

int run_node(const config::Inputs& inputs, const Program& program) {
  const serve::Signals signals;
  config::Resolved resolved = load_config(inputs);
  if (!resolved.problems.empty()) return exit_config;
  return serve::serve_node({.config = std::move(resolved.config),
                            .reload =
                                [inputs] {
                                  config::Inputs again = inputs;
                                  again.environment = config::environment();
                                  return config::load(again, std::time(nullptr));
                                },
                            .pipelines = program.pipelines(),
                            .resources = program.resources,
                            .version = MILLRACE_VERSION},
                           signals);
}

}  // namespace

void add_node(CLI::App& app, Action& action, const Program& program) {
  auto inputs = std::make_shared<config::Inputs>();
  CLI::App* command = add_command(app, "node", "run a node of a cluster, from a config file");
  add_config_options(*command, *inputs);
  command->footer(
      "SIGTERM or SIGINT drains the node; a second one ends it at once. SIGHUP reads log.level\n"
      "and the files of [tls] again: new links begin with them, those that are up stay, and a\n"
      "bad file is logged and changes nothing. Exit status: 0 drained, 1 failed, 78 mistakes in\n"
      "the configuration.");
  command->callback([inputs, &action, &program] {
    action = [inputs, &program] {
      return run_node(*inputs, program);
    };
  });
}

}  // namespace millrace::cli
