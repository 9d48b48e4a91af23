#include "cluster/placement/placement_table_core.hpp"

#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::placement {
namespace {

bool is_configured(const Layout& layout, const std::string& name) {
  for (const PlacedNode& node : layout.nodes) {
    if (node.name == name) return true;
  }
  return false;
}

std::string described(std::uint32_t shard, const pb::Ownership& ownership) {
  return "shard " + std::to_string(shard) + ", owner \"" + ownership.owner() + "\", epoch " +
         std::to_string(ownership.epoch());
}

}  // namespace

PlacementTable make_table(Layout layout) {
  PlacementTable table{.layout = std::move(layout), .known = {}};
  table.known.resize(table.layout.shards);
  return table;
}

Result<bool> learn(PlacementTable& table, std::uint32_t shard, const pb::Ownership& ownership) {
  if (shard >= table.known.size()) {
    return Error{ErrorCode::not_found, described(shard, ownership) + ": there are " +
                                           std::to_string(table.known.size()) + " shards"};
  }
  if (!is_configured(table.layout, ownership.owner())) {
    return Error{ErrorCode::not_found,
                 described(shard, ownership) + ": the owner is not configured here"};
  }
  if (ownership.epoch() == 0) {
    return Error{ErrorCode::invalid_argument,
                 described(shard, ownership) + ": epochs count from 1"};
  }
  pb::Ownership& known = table.known[shard];
  if (ownership.epoch() < known.epoch()) return false;
  if (ownership.epoch() == known.epoch()) {
    if (ownership.owner() == known.owner()) return false;
    return Error{ErrorCode::fenced, described(shard, ownership) +
                                        ": in that epoch it is known to be served by \"" +
                                        known.owner() + "\""};
  }
  known = ownership;
  return true;
}

const std::string& route(const PlacementTable& table, std::uint32_t shard) {
  MILLRACE_ASSERT(shard < table.known.size());
  const pb::Ownership& known = table.known[shard];
  return known.epoch() > 0 ? known.owner() : home_of(table.layout, shard).name;
}

pb::NotOwner not_owner(const PlacementTable& table, std::uint32_t shard) {
  MILLRACE_ASSERT(shard < table.known.size());
  pb::NotOwner refusal;
  refusal.set_shard(shard);
  *refusal.mutable_ownership() = table.known[shard];
  refusal.set_address(address_of(table.layout, table.known[shard].owner()));
  return refusal;
}

Error refusal(const pb::NotOwner& not_owner) {
  const std::string shard = "shard " + std::to_string(not_owner.shard());
  const pb::Ownership& ownership = not_owner.ownership();
  if (ownership.epoch() == 0) {
    return {ErrorCode::not_owner, shard + " is not served here, nor is an owner known"};
  }
  return {ErrorCode::not_owner, shard + " is served by \"" + ownership.owner() + "\" at " +
                                    not_owner.address() + " since epoch " +
                                    std::to_string(ownership.epoch())};
}

pb::PlacementGossip gossip(const PlacementTable& table, const pb::NodeId& from,
                           std::uint64_t to_incarnation) {
  pb::PlacementGossip all;
  *all.mutable_from() = from;
  all.set_to_incarnation(to_incarnation);
  all.set_layout(digest(table.layout));
  for (std::uint32_t shard = 0; shard < table.layout.shards; ++shard) {
    if (table.known[shard].epoch() == 0) continue;
    auto& one = *all.add_shard();
    one.set_shard(shard);
    *one.mutable_ownership() = table.known[shard];
  }
  return all;
}

std::vector<Misplaced> misplaced(const PlacementTable& table) {
  std::vector<Misplaced> plan;
  for (std::uint32_t shard = 0; shard < table.layout.shards; ++shard) {
    const pb::Ownership& known = table.known[shard];
    const std::string& home = home_of(table.layout, shard).name;
    if (known.epoch() > 0 && known.owner() != home) plan.push_back({shard, known.owner(), home});
  }
  return plan;
}

}  // namespace millrace::placement
