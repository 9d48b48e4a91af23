// ShardTable: the owner of each shard, in this node's view, as the durable records say. Founding and
// moves change the records; the configuration only says which node may found a shard.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/federation.hpp"
#include "cluster/move/core/founding_core.hpp"
#include "messages/cluster.pb.h"

namespace millrace::moves {

/// Queues whose shards move together: the input and dead letter queues of the stages of one role.
struct QueueGroup {
  std::string role;  ///< empty: the stages have no role and may run on any node
  std::vector<std::string> queues;
  std::vector<std::string> homes;  ///< home of each shard, by shard number
  std::vector<std::string> nodes;  ///< nodes that may serve the group's shards
};

/// What a node computes from its configuration.
struct ClusterLayout {
  std::map<std::string, QueueGroup> groups;  ///< by role
  std::set<std::string> nodes;               ///< all configured nodes, this one among them
  std::uint64_t digest = 0;  ///< of all that the homes follow from; equal on nodes of one layout
};

/// Returns the layout of `groups`. `facts` is what else must be equal on all nodes, as text.
[[nodiscard]] ClusterLayout make_layout(std::vector<QueueGroup> groups, std::set<std::string> nodes,
                                        const std::string& facts = {});

/// Shards that wait, with the same reason.
struct WaitingShards {
  Wait wait;
  std::vector<ShardKey> shards;

  /// Returns what an operator must know, as one line.
  [[nodiscard]] std::string text() const;
};

/// Thread-safe.
class ShardTable {
 public:
  ShardTable(std::string self, ClusterLayout layout);

  /// Loads the durable records. Returns the records of shards that had none: a node that served a
  /// shard before there were records has founded it. Call before all other functions; see
  /// Federation::recovered().
  [[nodiscard]] std::vector<pb::ShardRecord> recovered(const ShardRecords& records,
                                                       const std::vector<pb::Declaration>& queues);

  /// Adds queues without a role; those that are known stay as they are.
  void add_queues(const std::vector<std::string>& queues);

  /// Replaces the record of one shard. Call after `record` is durable.
  void set(const pb::ShardRecord& record);

  /// Replaces homes and nodes. Added queues, roles and the number of shards stay as they were.
  void set_layout(ClusterLayout layout);

  /// The node to which messages for the shard go: the owner, or, if none is known, the home. Empty:
  /// none is known, and this node may found the shard.
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;
  /// See Federation::serves().
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const;
  /// See Federation::is_fenced().
  [[nodiscard]] bool is_fenced(const std::string& queue, std::uint32_t shard) const;

  /// Returns the shards of queues without a role that `node` owns.
  [[nodiscard]] std::vector<std::uint32_t> shards_of(const std::string& node) const;

  /// Returns the records of all shards of all groups.
  [[nodiscard]] std::vector<pb::ShardRecord> records() const;

  [[nodiscard]] const std::string& self() const { return self_; }
  [[nodiscard]] std::shared_ptr<const ClusterLayout> layout() const;

  /// Shards that wait, and the digests of the layouts that other nodes have. Set by the MoveService.
  void set_waiting(std::vector<WaitingShards> waiting);
  [[nodiscard]] std::vector<WaitingShards> waiting() const;
  void set_layout_of(const std::string& node, std::uint64_t digest);
  /// 0: not known.
  [[nodiscard]] std::uint64_t layout_of(const std::string& node) const;

 private:
  struct Entry {
    pb::ShardRecord record;
    bool is_held = false;  ///< a queue of the shard is declared here, and is no outbox
  };

  /// REQUIRES: `mutex_` is held.
  void add(const std::string& queue);
  /// Returns nullptr if no group has `queue`. REQUIRES: `mutex_` is held.
  [[nodiscard]] const Entry* find(const std::string& queue, std::uint32_t shard) const;
  /// Sets the ownership of a shard without one as far as it follows from the data directory. Returns
  /// whether it does.
  bool conclude(Entry& entry, bool is_known, bool is_forwarded) const;
  [[nodiscard]] const std::string& home(const pb::ShardRecord& record) const;
  [[nodiscard]] bool owns(const pb::ShardRecord& record) const;

  const std::string self_;
  mutable std::mutex mutex_;                  ///< guards all below
  std::map<std::string, std::string> roles_;  ///< by queue
  std::vector<std::string> added_{};          ///< queues that no configuration names
  std::shared_ptr<const ClusterLayout> layout_;
  std::map<std::string, std::vector<Entry>> entries_;  ///< by role, by shard
  std::vector<WaitingShards> waiting_;
  std::map<std::string, std::uint64_t> layouts_;  ///< digests, by node
};

}  // namespace millrace::moves
