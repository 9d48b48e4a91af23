#include "apps/cli/client/rebalance_plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace::cli {
namespace {

/// Shards of one role that a node has beyond (negative: short of) those it is home to.
using Surplus = std::map<std::string, int>;

Surplus surplus_of(const std::vector<const OwnedShard*>& shards) {
  Surplus surplus;
  for (const OwnedShard* shard : shards) {
    if (shard->owner.empty()) continue;
    ++surplus[shard->owner];
    --surplus[shard->home];
  }
  return surplus;
}

}  // namespace

OwnedShard owned_shard(const nlohmann::ordered_json& listed) {
  return {.shard = {listed.value("role", ""), listed.value("shard", 0u)},
          .owner = listed.value("owner", ""),
          .home = listed.value("home", ""),
          .nodes = listed.value("nodes", std::vector<std::string>())};
}

std::vector<Move> plan_rebalance(const std::vector<OwnedShard>& shards,
                                 const std::set<std::string>& up, const std::string& only_to) {
  std::map<std::string, std::vector<const OwnedShard*>> by_role;
  for (const OwnedShard& shard : shards) by_role[shard.shard.role].push_back(&shard);
  std::vector<Move> moves;
  for (const auto& [role, of_role] : by_role) {
    Surplus surplus = surplus_of(of_role);
    std::set<const OwnedShard*> moved;
    const auto may_get = [&](const std::string& node) {
      return up.contains(node) && surplus[node] < 0 && (only_to.empty() || node == only_to);
    };
    const auto move = [&](const OwnedShard* shard, const std::string& to) {
      --surplus[shard->owner];
      ++surplus[to];
      moved.insert(shard);
      moves.push_back({shard->shard, shard->owner, to});
    };
    const auto may_give = [&](const OwnedShard* shard) {
      return up.contains(shard->owner) && surplus[shard->owner] > 0 && !moved.contains(shard);
    };
    for (const OwnedShard* shard : of_role) {
      if (may_give(shard) && shard->home != shard->owner && may_get(shard->home)) {
        move(shard, shard->home);
      }
    }
    for (const OwnedShard* shard : of_role) {
      if (!may_give(shard)) continue;
      const auto to = std::find_if(shard->nodes.begin(), shard->nodes.end(), may_get);
      if (to != shard->nodes.end()) move(shard, *to);
    }
  }
  return moves;
}

}  // namespace millrace::cli
