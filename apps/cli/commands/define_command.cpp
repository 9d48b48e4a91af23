// millrace queue define: a queue that no configuration names, while nodes run.
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/client/front_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/commands/queue_changes.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct DefineOptions {
  ServerOptions server;
  std::string name;
  std::string type = "json";
  std::string key;
  std::string lease;
  std::uint32_t attempts = 0;
  std::string retry_first;
  std::string retry_max;
  Format format = Format::table;
};

Json body_of(const DefineOptions& options) {
  Json body{{"name", options.name}, {"type", options.type}, {"attempts", options.attempts}};
  if (!options.key.empty()) body["key"] = options.key;
  if (!options.lease.empty()) body["lease"] = options.lease;
  if (!options.retry_first.empty()) body["retry_first"] = options.retry_first;
  if (!options.retry_max.empty()) body["retry_max"] = options.retry_max;
  return body;
}

int run(const DefineOptions& options) {
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  const auto answer = front->post("/api/v1/queues", body_of(options).dump());
  if (!answer) return fail(answer.error());
  Listing done{.columns = {"queue", "type", "key", "node"}, .rows = {}};
  for (const Json& node : answer->value("nodes", Json::array())) {
    done.rows.push_back({{"queue", options.name},
                         {"type", answer->value("type", "")},
                         {"key", answer->value("key", "")},
                         {"node", node}});
  }
  print(done, options.format);
  return front->finish();
}

}  // namespace

void add_define(CLI::App& group, Action& action) {
  auto options = std::make_shared<DefineOptions>();
  CLI::App* command =
      add_command(group, "define",
                  "define a queue that workers lease messages from, on all nodes of a cluster");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_option("queue", options->name, "name of the queue")->required();
  command->add_option("--type", options->type, "what a message is")
      ->check(CLI::IsMember({"json", "bytes"}))
      ->capture_default_str();
  command->add_option("--key", options->key,
                      "where a message has its key, as a JSON pointer such as /customer/id");
  command->add_option("--lease", options->lease,
                      "how long a worker has for a message, such as 30s");
  command
      ->add_option("--attempts", options->attempts,
                   "failures after which a message is a dead letter; 0: it is tried without end")
      ->capture_default_str();
  command->add_option("--retry-first", options->retry_first,
                      "time to the second attempt, such as 100ms");
  command->add_option("--retry-max", options->retry_max,
                      "the longest time between two attempts, such as 1m");
  command->callback([options, &action] {
    action = [options] {
      return run(*options);
    };
  });
}

}  // namespace millrace::cli
