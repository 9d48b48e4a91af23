// The home of each shard: weighted rendezvous hashing over the configured nodes by the logarithm
// method (Schindelhauer and Schomaker, SPAA 2005), with bounded loads (Mirrokni, Thorup and
// Zadimoghaddam, SODA 2018): each node draws a number per shard, and the shards choose one after
// another, by the best draw of the nodes that have not reached their share of the shards. A share is
// the part of the weights, and differs from it by less than one shard. Adding, removing or reweighting
// a node changes few other homes. Integer arithmetic gives the same result on every machine. The home
// is not the owner: a record says who owns a shard, and the home only who may found it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::placement {

constexpr std::uint32_t weight_max = 1'000;
constexpr std::uint32_t shards_max = 65'536;

struct PlacedNode {
  std::string name;
  std::string address;
  std::uint32_t weight = 1;  ///< share of the shards; 0: none; at most `weight_max`
};

/// The configured placement; must be equal on all nodes. Made by `make_layout`.
struct Layout {
  std::uint32_t shards = 0;
  std::vector<PlacedNode> nodes{};                   ///< by name
  std::map<std::uint32_t, std::string> overrides{};  ///< node by shard; also a node of weight 0
};

/// Fails with `invalid_argument`: `shards` is 0 or above `shards_max`, a name is empty or
/// duplicate, a weight is above `weight_max`, all weights are 0, or an override names an unknown
/// shard or node.
[[nodiscard]] Result<Layout> make_layout(std::uint32_t shards, std::vector<PlacedNode> nodes,
                                         std::map<std::uint32_t, std::string> overrides);

/// Returns the home of each shard, by shard.
[[nodiscard]] std::vector<std::string> homes_of(const Layout& layout);

}  // namespace millrace::placement
