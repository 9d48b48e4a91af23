// millrace cluster move-shard|shards: which node serves what, and another one instead.
#include <chrono>
#include <iostream>
#include <memory>

#include <poll.h>

#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"
#include "apps/millrace/format_option.hpp"
#include "apps/millrace/output.hpp"
#include "apps/millrace/server_client.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int poll_interval_ms = 100;

struct Options {
  ServerOptions server;
  std::uint32_t shard = 0;
  std::string to;
  std::string role;
  bool yes = false;
  std::uint32_t timeout_s = 120;
  Format format = Format::table;
};

std::string name_of(const Options& options) {
  return "shard " + std::to_string(options.shard) +
         (options.role.empty() ? "" : " of role " + options.role);
}

/// What the node says of the shard; fails with `not_found`.
Result<Json> look_up(ServerClient& node, const Options& options) {
  const auto shards = node.get("/api/v1/cluster/shards");
  if (!shards) return shards.error();
  for (const Json& one : shards->value("shards", Json::array())) {
    if (one.value("role", "") == options.role && one.value("shard", 0u) == options.shard) {
      return one;
    }
  }
  return Error{ErrorCode::not_found, "the cluster has no " + name_of(options)};
}

/// A client of the node called `name`.
Result<ServerClient> node_called(ServerClient& any, const std::string& name) {
  const auto members = any.get("/api/v1/cluster/members");
  if (!members) return members.error();
  for (const Json& member : members->value("members", Json::array())) {
    if (member.value("node", "") != name) continue;
    if (member.value("self", false)) return any.to(any.url());
    if (const std::string http = member.value("http", ""); !http.empty()) {
      return any.to("http://" + http);
    }
    return Error{ErrorCode::unreachable, "the HTTP address of node " + name + " is not known"};
  }
  return Error{ErrorCode::not_found, "no member is called " + name};
}

/// Until it is served by the target, or again by its owner.
Result<void> await_move(ServerClient& owner, const Options& options) {
  const Clock::time_point until = Clock::now() + std::chrono::seconds(options.timeout_s);
  while (Clock::now() < until) {
    const auto shard = look_up(owner, options);
    if (!shard) return shard.error();
    if (shard->value("owner", "") == options.to) return {};
    if (shard->value("moving_to", "").empty() && shard->contains("last_failure")) {
      return Error{ErrorCode::rejected, name_of(options) + " did not move: " +
                                            shard->at("last_failure").value("detail", "")};
    }
    ::poll(nullptr, 0, poll_interval_ms);
  }
  return Error{ErrorCode::timeout,
               name_of(options) + " is still moving; see millrace cluster shards"};
}

int run_move(const Options& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const auto shard = look_up(*node, options);
  if (!shard) return fail(shard.error());
  const std::string from = shard->value("owner", "");
  if (from == options.to) {
    std::cout << name_of(options) << " is served by " << from << " already\n";
    return exit_ok;
  }
  if (!options.yes) {
    std::cout << "would move " << name_of(options) << " from " << from << " to " << options.to
              << ": its messages wait while it is copied\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  auto owner = node_called(*node, from);
  if (!owner) return fail(owner.error());
  const Clock::time_point began = Clock::now();
  const Json body{{"to", options.to}, {"role", options.role}};
  const auto begun =
      owner->post("/api/v1/cluster/shards/" + std::to_string(options.shard) + "/move", body.dump());
  if (!begun) return fail(begun.error());
  if (const auto moved = await_move(*owner, options); !moved) return fail(moved.error());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  print(Json{{"role", options.role},
             {"shard", options.shard},
             {"from", from},
             {"to", options.to},
             {"took_ms", took.count()}},
        options.format);
  return exit_ok;
}

int run_shards(const Options& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const auto answer = node->get("/api/v1/cluster/shards");
  if (!answer) return fail(answer.error());
  Listing listing{.columns = {"role", "shard", "owner", "epoch", "moving_to"}, .rows = {}};
  for (const Json& shard : answer->value("shards", Json::array())) listing.rows.push_back(shard);
  print(listing, options.format);
  return exit_ok;
}

}  // namespace

void add_shards(CLI::App& group, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand("shards", "list the shards and who serves them");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->callback([options, &action] {
    action = [options] {
      return run_shards(*options);
    };
  });
}

void add_move_shard(CLI::App& group, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand(
      "move-shard", "give a shard to another node, with all that it holds, while both serve");
  command->add_option("shard", options->shard, "its number")->required()->type_name("SHARD");
  command->add_option("to", options->to, "the node that is to serve it")
      ->required()
      ->type_name("NODE");
  command
      ->add_option("--role", options->role,
                   "of the stages that read its queues; without: of those that have none")
      ->type_name("ROLE");
  command->add_option("--timeout", options->timeout_s, "seconds to wait for it; it goes on after")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_flag("--yes", options->yes, "do it");
  command->callback([options, &action] {
    action = [options] {
      return run_move(*options);
    };
  });
}

}  // namespace millrace::cli
