// millrace status: shows the state of one node.
#include <memory>

#include "apps/cli/client/server_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

struct StatusOptions {
  ServerOptions server;
  Format format = Format::table;
  bool is_watched = false;
};

int run_status(const StatusOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const auto status = node->get("/api/v1/status");
  if (!status) return fail(status.error());
  print(*status, options.format);
  return status->value("ready", false) ? exit_ok : exit_negative;
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command =
      add_command(app, "status", "show the state of a node; exits with 4 if it is not ready");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  add_watch(*command, options->is_watched);
  command->callback([options, &action] {
    action = [options] {
      return repeat(options->is_watched, [&] { return run_status(*options); });
    };
  });
}

}  // namespace millrace::cli
