// millrace dev: runs a local cluster with generated config files and certificates.
#include <memory>

#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/dev/dev_cluster.hpp"

namespace millrace::cli {
namespace {

int run_dev(const dev::DevOptions& options) {
  const serve::Signals signals;
  if (const auto run = dev::run_cluster(options, signals); !run) return fail(run.error());
  return exit_ok;
}

}  // namespace

void add_dev(CLI::App& app, Action& action) {
  auto options = std::make_shared<dev::DevOptions>();
  options->folder = "millrace-dev";
  CLI::App* command =
      add_command(app, "dev", "run a local cluster with generated config files and certificates");
  command->add_option("--nodes", options->nodes, "number of nodes, each a process")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command
      ->add_option("--dir", options->folder, "directory of all its files; reused by the next run")
      ->capture_default_str()
      ->type_name("DIR");
  command->add_option("--port", options->port, "first port to listen on; default: free ports")
      ->check(CLI::Range(0, 65'000));
  command
      ->add_option(
          "--http-port", options->http_port,
          "first port for HTTP, where commands find a node by themselves; free ports if it "
          "is taken or 0")
      ->capture_default_str()
      ->check(CLI::Range(0, 65'000));
  command
      ->add_option("--kafka-port", options->kafka_port,
                   "first port for clients of Kafka; free ports if it is taken; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, 65'000));
  command->footer("Ctrl-C drains the cluster. A node that is killed is restarted.");
  command->callback([options, &action] {
    action = [options] {
      return run_dev(*options);
    };
  });
}

}  // namespace millrace::cli
