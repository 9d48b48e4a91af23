// ShardTable: which node serves a shard, as this node knows. Where nothing was ever written down of
// a shard, the node where it belongs serves it, in epoch 1; from its first move on what counts is
// the record with the highest epoch.
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

/// Queues whose shards go together: what the stages of one role read and give up into.
struct QueueGroup {
  std::string role;  ///< empty: of stages that may run anywhere
  std::vector<std::string> queues;
  std::vector<std::string> homes;  ///< by shard: the node where it belongs
  std::vector<std::string> nodes;  ///< that may serve it
};

/// Thread-safe.
class ShardTable {
 public:
  ShardTable(std::string self, std::vector<QueueGroup> groups);

  /// Before anything else; see Federation::recovered().
  void recovered(const ShardRecords& records);

  /// What is on the disk from now on.
  void set(const pb::ShardRecord& record);

  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const {
    return owner(queue, shard) == self_;
  }
  /// See Federation::is_fenced().
  [[nodiscard]] bool is_fenced(const std::string& queue, std::uint32_t shard) const;

  /// Numbers of the shards of queues without a role that `node` serves.
  [[nodiscard]] std::vector<std::uint32_t> shards_of(const std::string& node) const;

  /// Of every shard of every group.
  [[nodiscard]] std::vector<pb::ShardRecord> records() const;

  /// The owners that are not what the configuration says, for other nodes.
  [[nodiscard]] pb::PlacementGossip gossip() const;

  /// Names of all nodes that may serve a shard, without this one.
  [[nodiscard]] std::set<std::string> other_nodes() const;

  [[nodiscard]] const std::string& self() const { return self_; }
  /// By role.
  [[nodiscard]] const std::map<std::string, QueueGroup>& groups() const { return groups_; }

 private:
  /// Null where no group has the queue.
  [[nodiscard]] const pb::ShardRecord* find(const std::string& queue, std::uint32_t shard) const;

  const std::string self_;
  std::map<std::string, QueueGroup> groups_;
  std::map<std::string, std::string> roles_;  ///< by queue
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<pb::ShardRecord>> records_;  ///< by role, by shard
};

}  // namespace millrace::moves
