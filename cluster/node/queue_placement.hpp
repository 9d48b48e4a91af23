// QueuePlacement: at which node a shard of a queue belongs, by the configuration. A queue belongs
// to the stage that reads it, and so to the nodes with that stage's role; among those the shards
// are placed by rendezvous.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "cluster/move/shard_table.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Immutable once made, and so thread-safe.
class QueuePlacement {
 public:
  /// Fails with `invalid_argument`: a role that no node has, or stages of two roles that read or
  /// give up into one queue.
  [[nodiscard]] static Result<QueuePlacement> make(const config::Config& config,
                                                   std::span<const PipelineSpec> pipelines);

  /// The node where it belongs; `shard` is below the number of shards.
  [[nodiscard]] const std::string& home(const std::string& queue, std::uint32_t shard) const;

  /// By role; the one of queues without a role is there in any case.
  [[nodiscard]] const std::vector<moves::QueueGroup>& groups() const { return groups_; }

 private:
  std::vector<moves::QueueGroup> groups_;
};

}  // namespace millrace::cluster
