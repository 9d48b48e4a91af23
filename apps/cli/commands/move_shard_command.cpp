// millrace cluster move-shard|shards: moves a shard to another node; lists shards and their owners.
#include <chrono>
#include <iostream>
#include <memory>

#include "apps/cli/client/shard_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct MoveShardOptions {
  ServerOptions server;
  ShardName shard;
  std::string to;
  bool yes = false;
  std::uint32_t timeout_s = 120;
  Format format = Format::table;
};

int run_move(const MoveShardOptions& options) {
  auto cluster = ShardClient::open(options.server);
  if (!cluster) return fail(cluster.error());
  const std::string name = options.shard.text();
  const auto from = cluster->owner(options.shard);
  if (!from) return fail(from.error());
  if (*from == options.to) {
    std::cout << name << " is served by " << *from << " already\n";
    return exit_ok;
  }
  if (!options.yes) {
    std::cout << "would move " << name << " from " << *from << " to " << options.to
              << ": its messages wait while it moves\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  const Clock::time_point began = Clock::now();
  const auto moved =
      cluster->move({options.shard, *from, options.to}, std::chrono::seconds(options.timeout_s));
  if (!moved) return fail(moved.error());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  print(Json{{"role", options.shard.role},
             {"shard", options.shard.shard},
             {"from", *from},
             {"to", options.to},
             {"took_ms", took.count()}},
        options.format);
  return exit_ok;
}

int run_shards(const MoveShardOptions& options) {
  auto cluster = ShardClient::open(options.server);
  if (!cluster) return fail(cluster.error());
  auto shards = cluster->shards();
  if (!shards) return fail(shards.error());
  print(Listing{.columns = {"role", "shard", "state", "owner", "epoch", "home", "moving_to"},
                .rows = std::move(*shards)},
        options.format);
  return exit_ok;
}

}  // namespace

void add_shards(CLI::App& group, Action& action) {
  auto options = std::make_shared<MoveShardOptions>();
  CLI::App* command =
      add_command(group, "shards", "list the shards and their owners, as one node knows them");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->callback([options, &action] {
    action = [options] {
      return run_shards(*options);
    };
  });
}

void add_move_shard(CLI::App& group, Action& action) {
  auto options = std::make_shared<MoveShardOptions>();
  CLI::App* command =
      add_command(group, "move-shard",
                  "move a shard with all its messages to another node, while both nodes run");
  command->add_option("shard", options->shard.shard, "number of the shard")
      ->required()
      ->type_name("SHARD")
      ->check(whole_number);
  command->add_option("to", options->to, "node to move the shard to")
      ->required()
      ->type_name("NODE");
  command
      ->add_option("--role", options->shard.role,
                   "role of the stages that read the queues of the shard; default: no role")
      ->type_name("ROLE");
  command
      ->add_option("--timeout", options->timeout_s,
                   "seconds to wait for the move; it continues after a timeout")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_flag("--yes", options->yes, "confirm: move the shard");
  command->callback([options, &action] {
    action = [options] {
      return run_move(*options);
    };
  });
}

}  // namespace millrace::cli
