// The part of ClusterSim that takes a node out: it moves its shards away, hands over what its outboxes
// hold, and ends for good; the others learn of it when they start again.
#include <algorithm>
#include <utility>

#include "tests/sim/cluster_sim.hpp"
#include "tests/sim/cluster_sim_node.hpp"

namespace millrace {

bool ClusterSim::is_retired(const Node& node) const {
  return (is_last_leaving_ || is_last_removed_) && node.name == names_.back();
}

// The nodes learn of the change of configuration when they start again.
void ClusterSim::reconfigure() {
  for (auto& each : nodes_) {
    if (is_missing(*each)) continue;
    std::vector<std::string> others = configured();
    std::erase(others, each->name);
    each->moving->configure(groups(), std::move(others));
    each->has_former_layout = each->node->is_up();
    doom(*each, 300);
  }
}

void ClusterSim::move_away(Node& node) {
  const std::vector<std::string> names = configured();
  for (const moves::QueueGroup& group : groups()) {
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      if (random_() % 20 != 0 || !node.moving->table().serves(group.queues.front(), shard))
        continue;
      const std::string& to = names[random_() % (names.size() - 1)];
      SimulatedCluster::move_shard(node, group.role, group.queues.front(), shard, to);
    }
  }
}

// Whether the node owns nothing, holds nothing, and is named by no move that has not ended.
bool ClusterSim::has_left(Node& node) const {
  for (const auto& each : nodes_) {
    if (!each->moving->is_serving() || each->newest || each->moving->is_giving_up()) return false;
  }
  for (const moves::QueueGroup& group : groups()) {
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      for (const auto& each : nodes_) {
        if (each->moving->table().owner(group.queues.front(), shard) == node.name) return false;
      }
    }
  }
  if (options_.sabotage == Sabotage::removal) return true;
  if (node.node->confirmed(sim::entered().name()).size() < node.sent) return false;
  if (node.node->log().proposed() > 0) return false;
  const std::vector<Store> stores = [&node] {
    std::vector<Store> own;
    own.push_back(MemoryLog::replay(node.records()));
    return own;
  }();
  const sim::ClusterAudit own(
      stores, [this](const std::string& queue) { return role_of(queue); }, has_killers_);
  return own.queued() == 0;
}

void ClusterSim::remove_last() {
  Node& node = *nodes_.back();
  kill(node);
  ++counts_.removals;
  is_last_leaving_ = false;
  is_last_removed_ = true;
  reconfigure();
}

void ClusterSim::watch_removal() {
  if (!is_last_leaving_) return;
  Node& node = *nodes_.back();
  if (!node.moving->is_serving()) return;
  if (random_() % 8 == 0) move_away(node);
  if (random_() % 16 == 0 && has_left(node)) remove_last();
}

}  // namespace millrace
