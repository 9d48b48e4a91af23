// millrace status: shows the state of one node.
#include <memory>
#include <set>
#include <string>

#include "apps/cli/client/server_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  ServerOptions server;
  Format format = Format::table;
  bool is_watched = false;
};

/// Adds what makes messages wait at this node. A process that serves no queues has none of it.
void add_waits(ServerClient& node, Json& status) {
  std::set<std::string> paused;
  if (const auto pauses = node.get("/api/v1/pauses?scope=node")) {
    for (const Json& each : pauses->value("pauses", Json::array()))
      paused.insert(each.value("queue", ""));
  }
  std::set<std::string> open;
  if (const auto stages = node.get("/api/v1/stages?scope=node")) {
    for (const Json& each : stages->value("stages", Json::array())) {
      const std::string state = each.value("breaker", Json::object()).value("state", "none");
      if (state == "none" || state == "closed") continue;
      open.insert(each.value("pipeline", "") + '/' + each.value("stage", ""));
    }
  }
  status["paused_queues"] = paused;
  status["breakers_not_closed"] = open;
}

int run_status(const StatusOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  auto status = node->get("/api/v1/status");
  if (!status) return fail(status.error());
  add_waits(*node, *status);
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
