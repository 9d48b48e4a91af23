// Who serves which shard, as one node or client knows it. Of two ownerships of a shard the one with
// the higher epoch counts, so that tables that have heard the same agree, in whatever order and
// however often they heard it. Volatile: what must last is in each shard's ShardRecord. Pure.
#pragma once

#include <string>
#include <vector>

#include "cluster/placement/layout_core.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::placement {

struct PlacementTable {
  Layout layout;
  std::vector<pb::Ownership> known;  ///< by shard; epoch 0: never heard of an owner
};

[[nodiscard]] PlacementTable make_table(Layout layout);

/// Takes an ownership, first- or second-hand; true when it is news. Fails with `not_found` for a
/// shard or owner that is not configured, `invalid_argument` for epoch 0, `fenced` when two nodes
/// claim one epoch: then at least one of the two has lost or restored its disk. A failure changes
/// nothing.
[[nodiscard]] Result<bool> learn(PlacementTable& table, std::uint32_t shard,
                                 const pb::Ownership& ownership);

/// The node to ask for `shard`: its owner, or where it belongs while no owner is known.
[[nodiscard]] const std::string& route(const PlacementTable& table, std::uint32_t shard);

/// What a refusal carries. A sender gives it to `learn`, and follows with `route`: a refusal that
/// is no news leaves the route as it is.
[[nodiscard]] pb::NotOwner not_owner(const PlacementTable& table, std::uint32_t shard);

/// The same for people.
[[nodiscard]] Error refusal(const pb::NotOwner& not_owner);

/// All that the table knows, for the node `to`.
[[nodiscard]] pb::PlacementGossip gossip(const PlacementTable& table, const pb::NodeId& from,
                                         std::uint64_t to_incarnation);

/// A shard that is not served where it belongs.
struct Misplaced {
  std::uint32_t shard;
  std::string owner;
  std::string home;

  friend bool operator==(const Misplaced&, const Misplaced&) = default;
};

/// The moves that would bring every shard home, by shard: the plan of a rebalancing.
[[nodiscard]] std::vector<Misplaced> misplaced(const PlacementTable& table);

}  // namespace millrace::placement
