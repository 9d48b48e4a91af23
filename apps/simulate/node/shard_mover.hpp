// ShardMover: gives a shard of a simulated node to another node whenever it is told to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "apps/simulate/plan/witness_memory.hpp"
#include "cluster/node/cluster_node.hpp"

namespace millrace::simulate {

/// One thread. `node` and `page` outlive it.
class ShardMover {
 public:
  /// `shards`: of each queue; `queue`: one of those without a role, all of which move together.
  ShardMover(cluster::ClusterNode& node, NodePage& page, std::string self, std::string queue,
             std::uint32_t shards, std::uint64_t seed);

  /// Begins the move that the driver asked for since the last call, if it did.
  void look();
  [[nodiscard]] bool is_moving() const { return *under_way_ > 0; }

 private:
  cluster::ClusterNode& node_;
  NodePage& page_;
  const std::string self_;
  const std::string queue_;
  const std::uint32_t shards_;
  std::mt19937_64 random_;
  std::uint64_t seen_;
  std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace millrace::simulate
