#include "cluster/move/shard_table.hpp"

#include <algorithm>

#include "actors/assembly/node_plan.hpp"
#include "actors/pipeline/wiring.hpp"
#include "cluster/placement/shard_name.hpp"
#include "messages/hash.hpp"

namespace millrace::moves {
namespace {

std::string command(const std::string& text) {
  return "`millrace " + text + "`";
}

// At most three shards by name.
std::string text_of(const std::vector<ShardKey>& shards) {
  std::string text;
  for (std::size_t i = 0; i < shards.size() && i < 3; ++i) {
    text += (i == 0 ? "" : ", ") + placement::ShardName{shards[i].first, shards[i].second}.text();
  }
  if (shards.size() > 3) text += " and " + std::to_string(shards.size() - 3) + " more";
  return text;
}

}  // namespace

ClusterLayout make_layout(std::vector<QueueGroup> groups, std::set<std::string> nodes,
                          const std::string& facts) {
  ClusterLayout layout;
  layout.nodes = std::move(nodes);
  std::string text = facts + '\n';
  for (const std::string& node : layout.nodes) text += node + '\n';
  for (QueueGroup& group : groups) {
    layout.groups.emplace(group.role, std::move(group));
  }
  for (const auto& [role, group] : layout.groups) {
    text += role + ':';
    for (const std::string& home : group.homes) text += ' ' + home;
    text += '\n';
  }
  layout.digest = std::max<std::uint64_t>(hash_key(text), 1);
  return layout;
}

std::string WaitingShards::text() const {
  const std::string which = text_of(shards);
  switch (wait.reason) {
    case Wait::Reason::none:
      return which;
    case Wait::Reason::peers:
      return which +
             ": no owner yet; this node founds it when these nodes have said that they know "
             "of none: " +
             wait.nodes;
    case Wait::Reason::layouts:
      return which +
             ": no owner yet, and none is made while nodes have different layouts (nodes, "
             "weights, roles, overrides, shards); another one than here: " +
             wait.nodes;
    case Wait::Reason::removed:
      if (wait.nodes.empty()) {
        return which +
               ": belongs to another node, which this data directory does not name; start "
               "that node, or start this one once with --accept-loss, which begins the shard "
               "anew, empty";
      }
      return which + ": belongs to node " + wait.nodes +
             ", which the configuration does not name; put it back, or begin its shards anew, "
             "empty: " +
             command("cluster remove " + wait.nodes + " --accept-loss");
    case Wait::Reason::lost:
      return which + ": node " + wait.nodes +
             " remembers that this node owns it, but this data directory does not: it is empty or "
             "an "
             "older copy. Put the newest directory back, or start this node once with "
             "--accept-loss, "
             "which begins the shard anew, empty";
    case Wait::Reason::disputed:
      return which + ": node " + wait.nodes +
             " owns it too, in the same epoch. Stop one of the two, remove its data directory, and "
             "start it again";
    case Wait::Reason::copy:
      return which +
             ": the data directory is a copy, so this node serves and accepts nothing before these "
             "nodes have said what they remember of it: " +
             wait.nodes +
             ". Start them, or take those that are gone out of the configuration, or start this "
             "node once with --accept-loss";
  }
  return which;
}

ShardTable::ShardTable(std::string self, ClusterLayout layout)
    : self_(std::move(self)), layout_(std::make_shared<const ClusterLayout>(std::move(layout))) {
  for (const auto& [role, group] : layout_->groups) {
    auto& entries = entries_[role];
    for (std::uint32_t shard = 0; shard < group.homes.size(); ++shard) {
      pb::ShardRecord& record = entries.emplace_back().record;
      record.set_role(role);
      record.set_shard(shard);
    }
    for (const std::string& queue : group.queues) roles_.emplace(queue, role);
  }
}

std::vector<pb::ShardRecord> ShardTable::recovered(const ShardRecords& records,
                                                   const std::vector<pb::Declaration>& queues) {
  for (const auto& [key, record] : records) set(record);
  const std::lock_guard lock(mutex_);
  for (const pb::Declaration& queue : queues) {
    const std::string name = queue_of(queue);
    if (!queue.has_definition() || roles_.contains(name)) continue;
    add(name);
    add(default_dead_letters(name));
  }
  std::set<ShardKey> forwarded;
  for (const pb::Declaration& queue : queues) {
    if (queue.staged()) continue;
    const auto role = roles_.find(queue_of(queue));
    if (role == roles_.end()) continue;
    std::vector<Entry>& entries = entries_.at(role->second);
    if (queue.shard() >= entries.size()) continue;  // refused by the plan
    if (queue.has_outbox()) {
      forwarded.emplace(role->second, queue.shard());
    } else {
      entries[queue.shard()].is_held = true;
    }
  }
  std::vector<pb::ShardRecord> fresh;
  WaitingShards waiting{{Wait::Reason::peers, "all others"}, {}};
  for (auto& [role, entries] : entries_) {
    for (Entry& entry : entries) {
      const ShardKey key{role, entry.record.shard()};
      const bool is_known = records.contains(key);
      const bool is_changed = conclude(entry, is_known, forwarded.contains(key));
      if (!is_known || is_changed) fresh.push_back(entry.record);
      if (entry.record.ownership().epoch() > 0 || home(entry.record) != self_) continue;
      entry.is_held = true;  // the node declares its queues
      waiting.shards.push_back(key);
    }
  }
  if (!waiting.shards.empty()) waiting_ = {waiting};
  return fresh;
}

bool ShardTable::conclude(Entry& entry, bool is_known, bool is_forwarded) const {
  pb::Ownership& ownership = *entry.record.mutable_ownership();
  if (ownership.epoch() > 0) return false;
  const bool was_served = !is_known && entry.is_held;  // by a version without records
  const bool is_alone = layout_->nodes.size() <= 1 && home(entry.record) == self_;
  if (!is_known && is_forwarded && !was_served) {
    ownership.set_epoch(1);  // another node served it
  } else if (was_served || (is_alone && ownership.owner().empty())) {
    ownership.set_owner(self_);
    ownership.set_epoch(1);
  } else {
    return false;
  }
  return true;
}

// Ignores a role that the configuration does not have any more.
void ShardTable::set(const pb::ShardRecord& record) {
  const std::lock_guard lock(mutex_);
  const auto group = entries_.find(record.role());
  if (group == entries_.end() || record.shard() >= group->second.size()) return;
  group->second[record.shard()].record = record;
  if (record.ownership().epoch() > 0) group->second[record.shard()].is_held = owns(record);
}

void ShardTable::set_layout(ClusterLayout layout) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string>& queues = layout.groups[""].queues;
  queues.insert(queues.end(), added_.begin(), added_.end());
  layout_ = std::make_shared<const ClusterLayout>(std::move(layout));
}

void ShardTable::add_queues(const std::vector<std::string>& queues) {
  const std::lock_guard lock(mutex_);
  for (const std::string& queue : queues) add(queue);
}

void ShardTable::add(const std::string& queue) {
  if (!roles_.emplace(queue, "").second) return;
  added_.push_back(queue);
  ClusterLayout next = *layout_;
  next.groups[""].queues.push_back(queue);
  layout_ = std::make_shared<const ClusterLayout>(std::move(next));
}

const ShardTable::Entry* ShardTable::find(const std::string& queue, std::uint32_t shard) const {
  const auto role = roles_.find(queue);
  const auto group = entries_.find(role == roles_.end() ? "" : role->second);
  if (group == entries_.end() || shard >= group->second.size()) return nullptr;
  return &group->second[shard];
}

const std::string& ShardTable::home(const pb::ShardRecord& record) const {
  return layout_->groups.at(record.role()).homes.at(record.shard());
}

bool ShardTable::owns(const pb::ShardRecord& record) const {
  return record.ownership().epoch() > 0 && record.ownership().owner() == self_;
}

std::string ShardTable::owner(const std::string& queue, std::uint32_t shard) const {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find(queue, shard);
  if (entry == nullptr) return "";
  const pb::Ownership& ownership = entry->record.ownership();
  if (!ownership.owner().empty() && ownership.epoch() > 0) return ownership.owner();
  const std::string& may_found = home(entry->record);
  return may_found == self_ || entry->is_held ? "" : may_found;
}

bool ShardTable::serves(const std::string& queue, std::uint32_t shard) const {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find(queue, shard);
  if (entry == nullptr) return false;
  if (entry->record.ownership().epoch() > 0) return owns(entry->record);
  return entry->is_held || home(entry->record) == self_;
}

bool ShardTable::is_fenced(const std::string& queue, std::uint32_t shard) const {
  const std::lock_guard lock(mutex_);
  if (!roles_.contains(queue)) return false;
  const Entry* const entry = find(queue, shard);
  return entry != nullptr && (!owns(entry->record) || entry->record.has_offered());
}

std::vector<std::uint32_t> ShardTable::shards_of(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint32_t> shards;
  const auto group = entries_.find("");
  if (group == entries_.end()) return shards;
  for (const Entry& entry : group->second) {
    const pb::Ownership& ownership = entry.record.ownership();
    if (ownership.epoch() > 0 && ownership.owner() == node) shards.push_back(entry.record.shard());
  }
  return shards;
}

std::vector<pb::ShardRecord> ShardTable::records() const {
  const std::lock_guard lock(mutex_);
  std::vector<pb::ShardRecord> all;
  for (const auto& [role, entries] : entries_) {
    for (const Entry& entry : entries) all.push_back(entry.record);
  }
  return all;
}

std::shared_ptr<const ClusterLayout> ShardTable::layout() const {
  const std::lock_guard lock(mutex_);
  return layout_;
}

void ShardTable::set_waiting(std::vector<WaitingShards> waiting) {
  const std::lock_guard lock(mutex_);
  waiting_ = std::move(waiting);
}

std::vector<WaitingShards> ShardTable::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void ShardTable::set_layout_of(const std::string& node, std::uint64_t digest) {
  const std::lock_guard lock(mutex_);
  layouts_[node] = digest;
}

std::uint64_t ShardTable::layout_of(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  if (node == self_) return layout_->digest;
  const auto found = layouts_.find(node);
  return found == layouts_.end() ? 0 : found->second;
}

}  // namespace millrace::moves
