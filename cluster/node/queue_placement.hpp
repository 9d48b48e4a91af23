// QueuePlacement: which node serves a shard of a queue. A queue belongs to the stage that reads it,
// and so to the nodes with that stage's role; among those the shards are placed by rendezvous.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actors/pipeline/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Immutable once made, and so thread-safe.
class QueuePlacement {
 public:
  /// Fails with `invalid_argument`: a role that no node has, or stages of two roles that read or
  /// give up into one queue.
  [[nodiscard]] static Result<QueuePlacement> make(const config::Config& config,
                                                   std::span<const PipelineSpec> pipelines);

  /// Name of the node; `shard` is below the number of shards.
  [[nodiscard]] const std::string& owner(const std::string& queue, std::uint32_t shard) const;

 private:
  std::vector<std::string> anywhere_;                      ///< by shard, of queues without role
  std::map<std::string, std::vector<std::string>> bound_;  ///< by queue, by shard
};

}  // namespace millrace::cluster
