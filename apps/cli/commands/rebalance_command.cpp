// millrace cluster add|rebalance|remove: grows, balances and shrinks a running cluster.
#include <chrono>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <poll.h>

#include "apps/cli/client/cluster_client.hpp"
#include "apps/cli/client/rebalance_plan.hpp"
#include "apps/cli/client/shard_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/commands/seats_command.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds founding_wait{30};
constexpr int plan_interval_ms = 100;

struct RebalanceOptions {
  ServerOptions server;
  config::Inputs inputs;  ///< of a cluster whose nodes are in PostgreSQL; without a file: none
  std::vector<std::string> nodes;
  std::string node;
  bool is_dry_run = false;
  bool yes = false;
  bool accepts_loss = false;
  std::uint32_t timeout_s = 120;
};

std::set<std::string> up_nodes(const std::vector<Json>& members) {
  std::set<std::string> up;
  for (const Json& member : members) {
    const bool is_up = member.value("state", "") == "up" && !member.value("unreachable", true);
    if (is_up) up.insert(member.value("node", ""));
  }
  return up;
}

/// Moves shards until the plan is done; prints each move. `only_to` as in plan_rebalance().
int rebalance(const RebalanceOptions& options, const std::string& only_to) {
  auto cluster = ShardClient::open(options.server);
  if (!cluster) return fail(cluster.error());
  const auto members = cluster->members();
  if (!members) return fail(members.error());
  const auto listed = cluster->shards();
  if (!listed) return fail(listed.error());
  std::vector<OwnedShard> shards;
  for (const Json& shard : *listed) shards.push_back(owned_shard(shard));
  const std::vector<Move> moves = plan_rebalance(shards, up_nodes(*members), only_to);
  if (moves.empty()) {
    std::cout << "nothing to move: the shards are balanced\n";
    return exit_ok;
  }
  if (options.is_dry_run || !options.yes) {
    for (const Move& move : moves) {
      std::cout << "would move " << move.shard.text() << " from " << move.from << " to " << move.to
                << '\n';
    }
    if (options.is_dry_run) return exit_ok;
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  std::size_t done = 0;
  for (const Move& move : moves) {
    const auto moved = cluster->move(move, std::chrono::seconds(options.timeout_s));
    if (!moved) {
      std::cerr << "millrace: error: " << done << " of " << moves.size()
                << " shards were moved; run the command again for the others\n";
      return fail(moved.error());
    }
    ++done;
    std::cout << "moved " << move.shard.text() << " from " << move.from << " to " << move.to << " ("
              << done << " of " << moves.size() << ")" << std::endl;
  }
  return exit_ok;
}

/// Fails unless every running node knows `name`, has a link to it and has its layout.
Result<void> check_known(const RebalanceOptions& options, const std::string& name) {
  auto cluster = ClusterClient::open(options.server);
  if (!cluster) return cluster.error();
  return cluster->for_each([&](ServerClient& node) -> Result<void> {
    const auto answer = node.get("/api/v1/cluster/members");
    if (!answer) return answer.error();
    std::string self;
    const Json* found = nullptr;
    const Json members = answer->value("members", Json::array());
    for (const Json& member : members) {
      if (member.value("self", false)) self = member.value("node", "");
      if (member.value("node", "") == name) found = &member;
    }
    if (found == nullptr) {
      return Error{ErrorCode::rejected, "node " + self + " does not know " + name +
                                            ": add it to the configuration of " + self +
                                            " and send it SIGHUP"};
    }
    if (found->value("other_layout", false)) {
      return Error{ErrorCode::rejected, "nodes " + self + " and " + name +
                                            " have different layouts: give both the same nodes, "
                                            "weights, roles, overrides and shards"};
    }
    const bool is_up = found->value("state", "") == "up" && !found->value("unreachable", true);
    if (!is_up) {
      return Error{ErrorCode::rejected, "node " + self + " does not see " + name + " up yet"};
    }
    return {};
  });
}

int run_add(const RebalanceOptions& options) {
  if (!options.inputs.file.empty()) {
    const int status = make_seats(options.inputs, options.nodes);
    if (status != exit_ok || options.server.url.empty()) return status;
  }
  for (const std::string& node : options.nodes) {
    if (const auto known = check_known(options, node); !known) return fail(known.error());
    if (const int status = rebalance(options, node); status != exit_ok) return status;
  }
  return exit_ok;
}

/// Returns the shards that belong to `node`, as any member of the cluster knows them.
Result<std::set<std::string>> shards_of(ClusterClient& cluster, const std::string& node) {
  std::set<std::string> owned;
  auto visited = cluster.for_each([&](ServerClient& each) -> Result<void> {
    const auto answer = each.get("/api/v1/cluster/shards");
    if (!answer) return answer.error();
    for (const Json& listed : answer->value("shards", Json::array())) {
      const OwnedShard shard = owned_shard(listed);
      if (shard.owner == node) owned.insert(shard.shard.text());
    }
    return {};
  });
  if (!visited) return visited.error();
  return owned;
}

int give_up(ClusterClient& cluster, const RebalanceOptions& options, std::size_t count) {
  if (!options.yes) {
    std::cout << "would begin " << count << " shards of " << options.node << " anew, empty: what "
              << options.node << " held of them is lost\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  const Json body{{"node", options.node}, {"accept_loss", true}};
  const auto posted = cluster.for_each([&](ServerClient& node) -> Result<void> {
    const auto answer = node.post("/api/v1/cluster/remove", body.dump());
    return answer ? Result<void>() : Result<void>(answer.error());
  });
  if (!posted) return fail(posted.error());
  const Clock::time_point until = Clock::now() + founding_wait;
  for (;;) {
    const auto left = shards_of(cluster, options.node);
    if (!left) return fail(left.error());
    if (left->empty()) break;
    if (Clock::now() > until) {
      return fail({ErrorCode::timeout,
                   "not all shards have an owner yet: every configured node must "
                   "run; see millrace cluster shards"});
    }
    ::poll(nullptr, 0, plan_interval_ms);
  }
  std::cout << "began " << count << " shards of " << options.node << " anew\n";
  return cluster.finish(options.node);
}

int run_remove(const RebalanceOptions& options) {
  if (!options.inputs.file.empty()) {
    return remove_seat(options.inputs, options.node, options.accepts_loss, options.yes);
  }
  auto cluster = ClusterClient::open(options.server);
  if (!cluster) return fail(cluster.error());
  const auto owned = shards_of(*cluster, options.node);
  if (!owned) return fail(owned.error());
  if (owned->empty()) {
    std::cout
        << "node " << options.node
        << " owns no shard. Take it out of the configuration of every other node, and send them "
           "SIGHUP\n";
    return cluster->finish(options.node);
  }
  if (options.accepts_loss) return give_up(*cluster, options, owned->size());
  return fail(
      {ErrorCode::rejected,
       "node " + options.node + " owns " + std::to_string(owned->size()) +
           " shards. If it runs, move them away with `millrace cluster leave`; if its data is "
           "lost, take it out of the configuration of every node, send them SIGHUP, and add "
           "--accept-loss"});
}

void add_timeout(CLI::App& command, RebalanceOptions& options) {
  command.add_option("--timeout", options.timeout_s, "seconds to wait for each shard to move")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
}

}  // namespace

void add_grow(CLI::App& group, Action& action) {
  auto options = std::make_shared<RebalanceOptions>();
  CLI::App* command = add_command(
      group, "add", "check that all nodes know a new node, and move its share of the shards to it");
  command->add_option("node", options->nodes, "the new node; it runs already")
      ->required()
      ->type_name("NODE…");
  add_server_options(*command, options->server);
  add_seat_config(*command, options->inputs);
  add_timeout(*command, *options);
  command->add_flag("--dry-run", options->is_dry_run, "only print the moves");
  command->add_flag("--yes", options->yes, "confirm: move the shards");
  command->footer(
      "First name the node in the configuration of every node, send them SIGHUP, and start it.\n"
      "Where the nodes are in PostgreSQL, --config makes the node there, without --server and "
      "that\n"
      "alone: a process with node.name = \"*\" takes it, and then shards can be moved to it.");
  command->callback([options, &action] {
    action = [options] {
      return run_add(*options);
    };
  });
}

void add_rebalance(CLI::App& group, Action& action) {
  auto options = std::make_shared<RebalanceOptions>();
  CLI::App* command =
      add_command(group, "rebalance",
                  "move as few shards as possible, until each node has its share by weight");
  add_server_options(*command, options->server);
  add_timeout(*command, *options);
  command->add_flag("--dry-run", options->is_dry_run, "only print the moves");
  command->add_flag("--yes", options->yes, "confirm: move the shards");
  command->footer(
      "Shards move one after another, while all nodes serve. Run it again if it stopped.");
  command->callback([options, &action] {
    action = [options] {
      return rebalance(*options, "");
    };
  });
}

void add_remove(CLI::App& group, Action& action) {
  auto options = std::make_shared<RebalanceOptions>();
  CLI::App* command =
      add_command(group, "remove",
                  "check that a node owns no shard any more; --accept-loss begins its shards anew");
  command->add_option("node", options->node, "the node")->required()->type_name("NODE");
  add_server_options(*command, options->server);
  add_seat_config(*command, options->inputs);
  command->add_flag("--accept-loss", options->accepts_loss,
                    "the node is gone for good: give up what it holds; see below");
  command->add_flag("--yes", options->yes, "confirm --accept-loss");
  command->footer(
      "Where the nodes are in configuration files, the command changes nothing without\n"
      "--accept-loss: it fails if any running node knows of a shard of the node; otherwise take\n"
      "the node out of the configuration of every other node, and send them SIGHUP.\n"
      "With --accept-loss and --yes, the other nodes begin the shards of a node that is gone for\n"
      "good anew, empty: what it held is lost. All of them must run, and their configuration must\n"
      "not name it any more.\n"
      "Where the nodes are in PostgreSQL, --config removes the node and its log there. Without\n"
      "--accept-loss that fails if it owns shards or has messages: move them away with\n"
      "`millrace cluster leave` first. The process that holds it ends, and waits for another node\n"
      "when it is started again.");
  command->callback([options, &action] {
    action = [options] {
      return run_remove(*options);
    };
  });
}

}  // namespace millrace::cli
