// ShardMover: moves a random shard of this node to another node when the parent process requests
// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "apps/simulate/plan/witness_memory.hpp"
#include "cluster/node/cluster_node.hpp"

namespace millrace::simulate {

/// Not thread-safe. `node` and `page` must outlive this object.
class ShardMover {
 public:
  /// `queue`: a queue without role; all such queues of a shard move together. `shards`: number of
  /// shards of each queue.
  ShardMover(cluster::ClusterNode& node, NodePage& page, std::string self, std::string queue,
             std::uint32_t shards, std::uint64_t seed);

  /// Starts a move if one was requested in `page` since the last call. Call it periodically.
  void look();
  [[nodiscard]] bool is_moving() const { return *moves_in_flight_ > 0; }

 private:
  cluster::ClusterNode& node_;
  NodePage& page_;
  const std::string self_;
  const std::string queue_;
  const std::uint32_t shards_;
  std::mt19937_64 random_;
  std::uint64_t seen_;
  std::shared_ptr<std::atomic<int>> moves_in_flight_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace millrace::simulate
