#include "apps/simulate/node/shard_mover.hpp"

#include <utility>
#include <vector>

#include "apps/simulate/fleet/cluster_files.hpp"

namespace millrace::simulate {

ShardMover::ShardMover(cluster::ClusterNode& node, NodePage& page, std::string self,
                       std::string queue, std::uint32_t shards, std::uint64_t seed)
    : node_(node),
      page_(page),
      self_(std::move(self)),
      queue_(std::move(queue)),
      shards_(shards),
      random_(seed),
      seen_(page.requested_moves) {}

void ShardMover::look() {
  const std::uint64_t told = page_.requested_moves;
  if (std::exchange(seen_, told) == told) return;
  std::vector<std::uint32_t> own;
  for (std::uint32_t shard = 0; shard < shards_; ++shard) {
    if (node_.owner(queue_, shard) == self_) own.push_back(shard);
  }
  if (own.empty()) return;
  ++*moves_in_flight_;
  node_.move_shard("", own[random_() % own.size()], node_name(page_.move_target),
                   [page = &page_, in_flight = moves_in_flight_](const Result<void>& moved) {
                     if (moved) page->moves += 1;
                     --*in_flight;
                   });
}

}  // namespace millrace::simulate
