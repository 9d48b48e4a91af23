// The moves that bring the shards of a cluster to the balance of its configured weights. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "apps/cli/client/shard_client.hpp"

namespace millrace::cli {

/// A shard as a node lists it.
struct OwnedShard {
  ShardName shard;
  std::string owner;                 ///< empty: none
  std::string home;                  ///< by the configuration
  std::vector<std::string> nodes{};  ///< that may serve it
};

[[nodiscard]] OwnedShard owned_shard(const nlohmann::ordered_json& listed);

/// Returns the fewest moves after which each node owns as many shards of each role as it is home to;
/// the node to which a shard belongs gets it where that costs no further move. Owners that are not in
/// `up` give nothing, and nodes that are not in `up` get nothing. `only_to`: the only node that gets
/// shards; empty: all.
[[nodiscard]] std::vector<Move> plan_rebalance(const std::vector<OwnedShard>& shards,
                                               const std::set<std::string>& up,
                                               const std::string& only_to = {});

}  // namespace millrace::cli
