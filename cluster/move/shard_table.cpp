#include "cluster/move/shard_table.hpp"

namespace millrace::moves {

ShardTable::ShardTable(std::string self, std::vector<QueueGroup> groups) : self_(std::move(self)) {
  for (QueueGroup& group : groups) {
    auto& records = records_[group.role];
    for (std::uint32_t shard = 0; shard < group.homes.size(); ++shard) {
      pb::ShardRecord& record = records.emplace_back();
      record.set_role(group.role);
      record.set_shard(shard);
      record.mutable_ownership()->set_owner(group.homes[shard]);
      record.mutable_ownership()->set_epoch(1);
    }
    for (const std::string& queue : group.queues) roles_.emplace(queue, group.role);
    groups_.emplace(group.role, std::move(group));
  }
}

void ShardTable::recovered(const ShardRecords& records) {
  for (const auto& [key, record] : records) set(record);
}

// Ignores a role that the configuration does not have any more.
void ShardTable::set(const pb::ShardRecord& record) {
  const std::lock_guard lock(mutex_);
  const auto group = records_.find(record.role());
  if (group == records_.end() || record.shard() >= group->second.size()) return;
  group->second[record.shard()] = record;
}

const pb::ShardRecord* ShardTable::find(const std::string& queue, std::uint32_t shard) const {
  const auto role = roles_.find(queue);
  const auto group = records_.find(role == roles_.end() ? "" : role->second);
  if (group == records_.end() || shard >= group->second.size()) return nullptr;
  return &group->second[shard];
}

std::string ShardTable::owner(const std::string& queue, std::uint32_t shard) const {
  const std::lock_guard lock(mutex_);
  const pb::ShardRecord* const record = find(queue, shard);
  return record == nullptr ? "" : record->ownership().owner();
}

bool ShardTable::is_fenced(const std::string& queue, std::uint32_t shard) const {
  const std::lock_guard lock(mutex_);
  const pb::ShardRecord* const record = find(queue, shard);
  return record != nullptr && record->has_offered();
}

std::vector<std::uint32_t> ShardTable::shards_of(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint32_t> shards;
  const auto group = records_.find("");
  if (group == records_.end()) return shards;
  for (const pb::ShardRecord& record : group->second) {
    if (record.ownership().owner() == node) shards.push_back(record.shard());
  }
  return shards;
}

std::vector<pb::ShardRecord> ShardTable::records() const {
  const std::lock_guard lock(mutex_);
  std::vector<pb::ShardRecord> all;
  for (const auto& [role, records] : records_) {
    all.insert(all.end(), records.begin(), records.end());
  }
  return all;
}

pb::PlacementGossip ShardTable::gossip() const {
  pb::PlacementGossip gossip;
  gossip.mutable_from()->set_name(self_);
  for (const pb::ShardRecord& record : records()) {
    if (record.ownership().epoch() < 2) continue;
    auto& one = *gossip.add_shard();
    one.set_role(record.role());
    one.set_shard(record.shard());
    *one.mutable_ownership() = record.ownership();
  }
  return gossip;
}

std::set<std::string> ShardTable::other_nodes() const {
  std::set<std::string> nodes;
  for (const auto& [role, group] : groups_) {
    nodes.insert(group.homes.begin(), group.homes.end());
    nodes.insert(group.nodes.begin(), group.nodes.end());
  }
  nodes.erase(self_);
  return nodes;
}

}  // namespace millrace::moves
