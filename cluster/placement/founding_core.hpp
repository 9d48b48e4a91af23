// The first owner of a shard. A node may take a shard that belongs to it, with epoch 1, only after
// every other configured node has told this very run of it that it knows of no owner. So a changed
// configuration, an empty disk or a silent node never makes a second owner: a shard waits instead.
// Answers are bound to an incarnation and a layout, and a layout names one home; so no two nodes
// found one shard, however the configuration changes between restarts. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/placement/placement_table_core.hpp"

namespace millrace::placement {

struct Founding {
  pb::NodeId self;
  std::set<std::string> answered;  ///< nodes whose gossip counted
};

/// Takes all that another node knows into `table`, and its sender as having answered if the gossip
/// was meant for this run and this layout. Fails with `invalid_argument` for another layout, else
/// as `learn`; ownerships before a failing one stay learnt, its sender has not answered.
[[nodiscard]] Result<void> answered(Founding& founding, PlacementTable& table,
                                    const pb::PlacementGossip& gossip);

/// Shards to take now, by number. Empty until all have answered.
[[nodiscard]] std::vector<std::uint32_t> foundable(const Founding& founding,
                                                   const PlacementTable& table);

}  // namespace millrace::placement
