// Where shards belong: weighted rendezvous hashing over the configured nodes, by the logarithm
// method (Schindelhauer and Schomaker, SPAA 2005). Each node draws a number for each shard; the
// best one gets it, so that a node that comes, goes or changes weight moves only shards from or to
// itself. All in integers, so that every node computes the same. Where a shard belongs does not say
// who serves it: that is an Ownership, and only a move changes it. Pure.
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

/// The configured placement; equal on all nodes. Build it with `make_layout`.
struct Layout {
  std::uint32_t shards = 0;
  std::vector<PlacedNode> nodes{};                   ///< by name
  std::map<std::uint32_t, std::string> overrides{};  ///< shard to node, whatever its weight
};

/// Fails with `invalid_argument`: no shard or more than `shards_max`, a name that is empty or there
/// twice, a weight beyond its limit, all weights 0, an override of or to what does not exist.
[[nodiscard]] Result<Layout> make_layout(std::uint32_t shards, std::vector<PlacedNode> nodes,
                                         std::map<std::uint32_t, std::string> overrides);

/// The node to which `shard` belongs. `shard` is below `layout.shards`.
[[nodiscard]] const PlacedNode& home_of(const Layout& layout, std::uint32_t shard);

}  // namespace millrace::placement
