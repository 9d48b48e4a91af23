// The part of PipelineCluster that injects faults.
#include <string>
#include <vector>

#include "apps/testing/pipeline_cluster.hpp"

namespace millrace::cluster_testing {
namespace {

constexpr std::uint32_t drain_ticks_max = 1'500;
// A shard that is fenced, and not yet known to be at its target: a moment in which a crash is critical.
constexpr double critical_factor = 30;

}  // namespace

bool PipelineCluster::happens(double per_second) {
  const double roll = static_cast<double>(random_() >> 11) * 0x1.0p-53;
  return roll * 1'000 < per_second;
}

SimulatedNode& PipelineCluster::some_node() {
  return *all()[random_() % all().size()];
}

DurationUs PipelineCluster::some_time(std::chrono::milliseconds max) {
  return 1 + static_cast<DurationUs>(random_() % static_cast<std::uint64_t>(to_us(max)));
}

void PipelineCluster::make_trouble(const Trouble& trouble) {
  for (const auto& node : all()) {
    if (node->moving->is_giving_up() && happens(trouble.crashes * critical_factor)) crash(*node);
  }
  if (happens(trouble.crashes)) crash(some_node());
  if (happens(trouble.outages)) {
    trace_.note("all nodes end at once");
    stop_all();
  }
  if (happens(trouble.drains)) {
    SimulatedNode& node = some_node();
    if (node.node->is_up()) trace_.note(node.name + " drains");
    drain(node, drain_ticks_max);
  }
  if (happens(trouble.moves)) move_some_shard();
  if (happens(trouble.cuts)) cut_some_link(trouble.cut_max);
  if (happens(trouble.breaks)) break_some_connection();
  if (happens(trouble.losses)) lose_frames(trouble.cut_max);
  if (happens(trouble.steps)) {
    SimulatedNode& node = some_node();
    const DurationUs by_us = random_us(to_us(trouble.step_max));
    trace_.note("the wall clock of " + node.name + " is set by " + std::to_string(by_us / 1'000) +
                " ms");
    step_clock(node, by_us);
  }
}

void PipelineCluster::crash(SimulatedNode& node) {
  if (node.node->is_up()) trace_.note(node.name + " crashes");
  kill(node);
}

void PipelineCluster::move_some_shard() {
  const moves::QueueGroup& group = groups_[random_() % groups_.size()];
  const auto shard = static_cast<std::uint32_t>(random_() % options_.shards);
  const std::string& to = some_node().name;
  const std::string& queue = group.queues.front();
  for (const auto& node : all()) {
    if (!node->node->is_up() || node->name == to) continue;
    if (!node->moving->table().serves(queue, shard)) continue;
    trace_.note("shard " + std::to_string(shard) +
                (group.role.empty() ? std::string() : " of " + group.role) +
                " begins to move from " + node->name + " to " + to);
    return move_shard(*node, group.role, queue, shard, to);
  }
}

void PipelineCluster::cut_some_link(std::chrono::milliseconds max) {
  const std::string from = some_node().name;
  const std::string to = some_node().name;
  const DurationUs span_us = some_time(max);
  if (from == to) return;
  trace_.note("the link from " + from + " to " + to + " is cut for " +
              std::to_string(span_us / 1'000) + " ms");
  network_.cut(from, to);
  network_.at(network_.now_us() + span_us, [this, from, to] { network_.heal(from, to); });
}

void PipelineCluster::break_some_connection() {
  const std::string& one = some_node().name;
  const std::string& other = some_node().name;
  if (one == other) return;
  trace_.note("the connection of " + one + " and " + other + " breaks");
  network_.disconnect(one, other);
}

void PipelineCluster::lose_frames(std::chrono::milliseconds max) {
  const DurationUs span_us = some_time(max);
  trace_.note("links lose and repeat frames for " + std::to_string(span_us / 1'000) + " ms");
  network_.set_faults({.drop = 0.02, .repeat = 0.02, .delay_max_us = 20'000});
  network_.at(network_.now_us() + span_us, [this] { network_.set_faults({}); });
}

}  // namespace millrace::cluster_testing
