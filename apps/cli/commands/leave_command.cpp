// millrace cluster leave: moves all shards of a node to other nodes, then drains the node.
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "apps/cli/client/shard_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct LeaveOptions {
  ServerOptions server;
  bool yes = false;
  std::uint32_t timeout_s = 120;
  Format format = Format::table;
};

struct Plan {
  std::string node;  ///< the node that leaves
  std::vector<Move> moves;
};

/// Assigns each shard of the leaving node to the eligible node that serves the fewest shards of the
/// same role, planned moves included. Fails with `unreachable` if no node that may serve a shard is
/// up.
Result<Plan> make_plan(const std::vector<Json>& members, const std::vector<Json>& shards) {
  Plan plan;
  std::set<std::string> up;
  for (const Json& member : members) {
    const std::string name = member.value("node", "");
    if (member.value("self", false)) {
      plan.node = name;
    } else if (member.value("state", "") == "up" && !member.value("unreachable", true)) {
      up.insert(name);
    }
  }
  std::map<std::pair<std::string, std::string>, std::size_t> served;  // by role and node
  for (const Json& shard : shards) ++served[{shard.value("role", ""), shard.value("owner", "")}];
  for (const Json& shard : shards) {
    if (shard.value("owner", "") != plan.node) continue;
    const ShardName name{shard.value("role", ""), shard.value("shard", 0u)};
    const std::string* best = nullptr;
    const auto nodes = shard.value("nodes", std::vector<std::string>());
    for (const std::string& node : nodes) {
      if (!up.contains(node)) continue;
      if (!best || served[{name.role, node}] < served[{name.role, *best}]) best = &node;
    }
    if (!best) {
      return Error{ErrorCode::unreachable,
                   "no other node that may serve " + name.text() + " is up; nothing was moved"};
    }
    ++served[{name.role, *best}];
    plan.moves.push_back({name, plan.node, *best});
  }
  return plan;
}

int run_leave(const LeaveOptions& options) {
  auto cluster = ShardClient::open(options.server);
  if (!cluster) return fail(cluster.error());
  const auto members = cluster->members();
  if (!members) return fail(members.error());
  const auto shards = cluster->shards();
  if (!shards) return fail(shards.error());
  const auto plan = make_plan(*members, *shards);
  if (!plan) return fail(plan.error());
  if (!options.yes) {
    for (const Move& move : plan->moves) {
      std::cout << "would move " << move.shard.text() << " to " << move.to << '\n';
    }
    std::cout << "would drain node " << plan->node
              << ": it ends the work in flight, leaves and exits\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  std::size_t done = 0;
  for (const Move& move : plan->moves) {
    const auto moved = cluster->move(move, std::chrono::seconds(options.timeout_s));
    if (!moved) {
      std::cerr << "millrace: error: " << done << " of " << plan->moves.size()
                << " shards were moved; node " << plan->node << " still serves the others\n";
      return fail(moved.error());
    }
    std::cerr << "moved " << move.shard.text() << " to " << move.to << '\n';
    ++done;
  }
  if (const auto drained = cluster->node().post("/api/v1/cluster/drain", ""); !drained) {
    return fail(drained.error());
  }
  print(Json{{"node", plan->node}, {"shards_moved", done}, {"state", "leaving"}}, options.format);
  return exit_ok;
}

}  // namespace

void add_leave(CLI::App& group, Action& action) {
  auto options = std::make_shared<LeaveOptions>();
  CLI::App* command =
      add_command(group, "leave",
                  "move all shards of a node to other nodes, then drain it; it leaves and exits");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_option("--timeout", options->timeout_s, "seconds to wait for each shard to move")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  command->add_flag("--yes", options->yes, "confirm: move the shards");
  command->footer(
      "If a shard cannot be moved, the node keeps serving the shards that are left; run the\n"
      "command again. To only restart a node, stop it with SIGTERM: it keeps its shards.");
  command->callback([options, &action] {
    action = [options] {
      return run_leave(*options);
    };
  });
}

}  // namespace millrace::cli
