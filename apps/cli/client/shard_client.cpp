#include "apps/cli/client/shard_client.hpp"

#include <utility>

#include <poll.h>

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int poll_interval_ms = 100;

Result<std::vector<Json>> list(ServerClient& node, const char* path, const char* field) {
  const auto answer = node.get(path);
  if (!answer) return answer.error();
  return answer->value(field, std::vector<Json>());
}

/// Returns the state of the shard as seen by `node`. Fails with `not_found` for an unknown shard.
Result<Json> look_up(ServerClient& node, const ShardName& name) {
  const auto shards = list(node, "/api/v1/cluster/shards", "shards");
  if (!shards) return shards.error();
  for (const Json& one : *shards) {
    if (one.value("role", "") == name.role && one.value("shard", 0u) == name.shard) return one;
  }
  return Error{ErrorCode::not_found, "the cluster has no " + name.text()};
}

}  // namespace

Result<ShardClient> ShardClient::open(const ServerOptions& options) {
  auto node = ServerClient::open(options);
  if (!node) return node.error();
  return ShardClient(std::move(*node));
}

Result<std::vector<Json>> ShardClient::shards() {
  return list(node_, "/api/v1/cluster/shards", "shards");
}

Result<std::vector<Json>> ShardClient::members() {
  return list(node_, "/api/v1/cluster/members", "members");
}

Result<std::string> ShardClient::owner(const ShardName& name) {
  const auto shard = look_up(node_, name);
  if (!shard) return shard.error();
  return shard->value("owner", "");
}

Result<ServerClient> ShardClient::node_called(const std::string& name) {
  const auto all = members();
  if (!all) return all.error();
  for (const Json& member : *all) {
    if (member.value("node", "") != name) continue;
    if (member.value("self", false)) return node_.to(node_.url());
    if (const std::string http = member.value("http", ""); !http.empty()) {
      return node_.to("http://" + http);
    }
    return Error{ErrorCode::unreachable, "the HTTP address of node " + name + " is not known"};
  }
  return Error{ErrorCode::not_found, "no member is called " + name};
}

Result<void> ShardClient::move(const Move& move, std::chrono::seconds timeout) {
  auto owner = node_called(move.from);
  if (!owner) return owner.error();
  const Json body{{"to", move.to}, {"role", move.shard.role}};
  const auto begun = owner->post(
      "/api/v1/cluster/shards/" + std::to_string(move.shard.shard) + "/move", body.dump());
  if (!begun) return begun.error();
  const Clock::time_point until = Clock::now() + timeout;
  while (Clock::now() < until) {
    const auto shard = look_up(*owner, move.shard);
    if (!shard) return shard.error();
    if (shard->value("owner", "") == move.to) return {};
    if (shard->value("moving_to", "").empty() && shard->contains("last_failure")) {
      return Error{ErrorCode::rejected, move.shard.text() + " did not move: " +
                                            shard->at("last_failure").value("detail", "")};
    }
    ::poll(nullptr, 0, poll_interval_ms);
  }
  return Error{ErrorCode::timeout,
               move.shard.text() + " is still moving; see millrace cluster shards"};
}

}  // namespace millrace::cli
