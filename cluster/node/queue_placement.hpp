// QueuePlacement: the home of each shard of each queue, by the configuration. A queue is placed on
// the nodes with the role of the stage that reads it, its shards among them by rendezvous hashing.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "cluster/move/shard_table.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Immutable, so thread-safe.
class QueuePlacement {
 public:
  /// Fails with `invalid_argument`: a role that no node has, or one queue that is the input or dead
  /// letter queue of stages with different roles.
  [[nodiscard]] static Result<QueuePlacement> make(const config::Config& config,
                                                   std::span<const PipelineSpec> pipelines);

  /// Returns the home of a shard. Requires shard < number of shards.
  [[nodiscard]] const std::string& home(const std::string& queue, std::uint32_t shard) const;

  /// Returns the groups, sorted by role; the group without a role always exists.
  [[nodiscard]] const std::vector<moves::QueueGroup>& groups() const { return groups_; }

  /// Its digest is equal on all nodes with the same shards, nodes, weights, roles, overrides and roles
  /// of stages. Addresses are not part of it.
  [[nodiscard]] moves::ClusterLayout layout() const;

 private:
  std::vector<moves::QueueGroup> groups_;
  std::set<std::string> nodes_;
  std::string facts_;
};

}  // namespace millrace::cluster
