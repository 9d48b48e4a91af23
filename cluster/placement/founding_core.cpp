#include "cluster/placement/founding_core.hpp"

namespace millrace::placement {

Result<void> answered(Founding& founding, PlacementTable& table,
                      const pb::PlacementGossip& gossip) {
  if (gossip.layout() != digest(table.layout)) {
    return Error{ErrorCode::invalid_argument,
                 "node \"" + gossip.from().name() +
                     "\" is configured with other nodes, weights, overrides or shards"};
  }
  for (const auto& one : gossip.shard()) {
    if (auto learnt = learn(table, one.shard(), one.ownership()); !learnt) return learnt.error();
  }
  if (gossip.to_incarnation() == founding.self.incarnation()) {
    founding.answered.insert(gossip.from().name());
  }
  return {};
}

std::vector<std::uint32_t> foundable(const Founding& founding, const PlacementTable& table) {
  std::vector<std::uint32_t> shards;
  for (const PlacedNode& node : table.layout.nodes) {
    if (node.name != founding.self.name() && !founding.answered.contains(node.name)) return shards;
  }
  for (std::uint32_t shard = 0; shard < table.layout.shards; ++shard) {
    const bool is_home = home_of(table.layout, shard).name == founding.self.name();
    if (is_home && table.known[shard].epoch() == 0) shards.push_back(shard);
  }
  return shards;
}

}  // namespace millrace::placement
