// The part of ClusterSim that starts nodes on older copies of their logs, stops all nodes at once, and
// adds a node.
#include <algorithm>
#include <utility>

#include "actors/assembly/node_plan.hpp"
#include "actors/queue/move/recollection.hpp"
#include "tests/sim/cluster_sim.hpp"
#include "tests/sim/cluster_sim_node.hpp"

namespace millrace {
namespace {

using Outboxes = std::vector<queues::Recollection::Outbox>;

Outboxes outboxes_in(const Store& store) {
  queues::Recollection found;
  for (const auto& [number, queue] : store.queues()) {
    queues::recollect(*queue.state, queue_of(queue.declaration), found);
  }
  return found.outboxes;
}

}  // namespace

// Whether another node has messages of an outbox in the newest log that the copy does not know.
bool ClusterSim::is_remembered(const Node& node) const {
  const Outboxes before = outboxes_in(MemoryLog::replay(node.copy));
  const Store newest = MemoryLog::replay(node.records());
  const Outboxes now = outboxes_in(newest);
  return std::any_of(now.begin(), now.end(), [&](const auto& outbox) {
    const auto shard = newest.shards().find({role_of(outbox.queue), outbox.shard});
    if (shard == newest.shards().end()) return false;
    const pb::Ownership& known = shard->second.ownership();
    if (known.epoch() == 0 || known.owner() == node.name) return false;
    return std::any_of(before.begin(), before.end(), [&outbox](const auto& old) {
      return outbox.producer == old.producer && outbox.base > old.last;
    });
  });
}

void ClusterSim::on_outdated(Node& node, const Error& error) {
  if (node.newest) {
    node.is_outdated = true;
  } else {
    watch_->violation = node.name + " has its newest log, but: " + error.message;
  }
}

// Makes a copy, or starts the node on the one that it has. One node at a time is on an older copy.
void ClusterSim::trouble_copies(Node& node) {
  if (is_missing(node) || node.newest) return;
  if (node.copy.empty() || random_() % 3 == 0) {
    node.copy = node.records();
    return;
  }
  const bool is_any =
      std::any_of(nodes_.begin(), nodes_.end(), [](const auto& one) { return one->newest; });
  if (!is_any && is_remembered(node)) put_back_copy(node);
}

void ClusterSim::put_back_copy(Node& node) {
  kill(node);
  ++counts_.copies;
  node.newest = node.records();
  node.node->log().put_back(node.copy);
  node.moving->set_copy(options_.sabotage != Sabotage::copies);
  node.copy_ticks = 1 + static_cast<std::uint32_t>(random_() % 1'000);
  node.down_ticks = static_cast<std::uint32_t>(random_() % 30);
}

// As an operator does, perhaps with a tool that copies.
void ClusterSim::put_back_newest(Node& node) {
  kill(node);
  node.node->log().put_back(*std::exchange(node.newest, std::nullopt));
  node.moving->set_copy(random_() % 2 == 0);
  if (std::exchange(node.is_outdated, false)) ++counts_.outdated;
  node.down_ticks = static_cast<std::uint32_t>(random_() % 30);
}

void ClusterSim::watch_copies() {
  const bool may_serve =
      options_.sabotage == Sabotage::copies || options_.sabotage == Sabotage::generations;
  for (auto& each : nodes_) {
    if (!each->newest) continue;
    if (each->moving->is_serving() && !may_serve) {
      watch_->violation = each->name + " serves on a copy of which others remember more";
    }
    if (each->is_outdated || --each->copy_ticks == 0) put_back_newest(*each);
  }
}

bool ClusterSim::is_missing(const Node& node) const {
  return (is_last_missing_ || is_last_removed_) && node.name == names_.back();
}

std::vector<std::string> ClusterSim::configured() const {
  std::vector<std::string> names = names_;
  if (is_last_missing_ || is_last_removed_) names.pop_back();
  return names;
}

void ClusterSim::join_last() {
  ++counts_.joins;
  is_last_missing_ = false;
  reconfigure();
  start(*nodes_.back());
}

}  // namespace millrace
