// ShardTable: the owner of each shard, in this node's view. Without a record, the owner is the
// shard's home, in epoch 1. From the first move on, the record with the highest epoch counts.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/federation.hpp"
#include "messages/cluster.pb.h"

namespace millrace::moves {

/// Queues whose shards move together: the input and dead letter queues of the stages of one role.
struct QueueGroup {
  std::string role;  ///< empty: the stages have no role and may run on any node
  std::vector<std::string> queues;
  std::vector<std::string> homes;  ///< home of each shard, by shard number
  std::vector<std::string> nodes;  ///< nodes that may serve the group's shards
};

/// Thread-safe.
class ShardTable {
 public:
  ShardTable(std::string self, std::vector<QueueGroup> groups);

  /// Loads the durable records. Call before all other functions; see Federation::recovered().
  void recovered(const ShardRecords& records);

  /// Replaces the record of one shard. Call after `record` is durable.
  void set(const pb::ShardRecord& record);

  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const {
    return owner(queue, shard) == self_;
  }
  /// See Federation::is_fenced().
  [[nodiscard]] bool is_fenced(const std::string& queue, std::uint32_t shard) const;

  /// Returns the shards of queues without a role that `node` owns.
  [[nodiscard]] std::vector<std::uint32_t> shards_of(const std::string& node) const;

  /// Returns the records of all shards of all groups.
  [[nodiscard]] std::vector<pb::ShardRecord> records() const;

  /// Returns the ownerships that differ from the configuration, as a message for other nodes.
  [[nodiscard]] pb::PlacementGossip gossip() const;

  /// Returns the names of all nodes that may serve a shard, except this node.
  [[nodiscard]] std::set<std::string> other_nodes() const;

  [[nodiscard]] const std::string& self() const { return self_; }
  /// By role.
  [[nodiscard]] const std::map<std::string, QueueGroup>& groups() const { return groups_; }

 private:
  /// Returns nullptr if no group has `queue`. Requires mutex_.
  [[nodiscard]] const pb::ShardRecord* find(const std::string& queue, std::uint32_t shard) const;

  const std::string self_;
  std::map<std::string, QueueGroup> groups_;
  std::map<std::string, std::string> roles_;  ///< by queue
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<pb::ShardRecord>> records_;  ///< by role, by shard
};

}  // namespace millrace::moves
