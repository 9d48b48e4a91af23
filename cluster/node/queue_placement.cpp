#include "cluster/node/queue_placement.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "actors/pipeline/wiring.hpp"
#include "cluster/kafka/broker/topic_store.hpp"
#include "cluster/placement/layout_core.hpp"

namespace millrace::cluster {
namespace {

using config::Config;
using config::MemberConfig;

bool has_role(const MemberConfig& node, const std::string& role) {
  return role.empty() || std::find(node.roles.begin(), node.roles.end(), role) != node.roles.end();
}

/// Returns the configured members; without any, this node is the only member.
std::vector<MemberConfig> members_of(const Config& config) {
  if (!config.cluster.nodes.empty()) return config.cluster.nodes;
  return {{.name = config.node.name,
           .address = config.listen.cluster,
           .http = config.listen.http,
           .weight = 1,
           .roles = config.node.roles}};
}

/// Returns the group of `role`, without its queues.
Result<moves::QueueGroup> make_group(const Config& config, const std::string& role) {
  moves::QueueGroup group;
  group.role = role;
  std::vector<placement::PlacedNode> nodes;
  std::map<std::uint32_t, std::string> overrides;
  for (const MemberConfig& member : members_of(config)) {
    if (!has_role(member, role)) continue;
    group.nodes.push_back(member.name);
    nodes.push_back({member.name, member.address, member.weight});
    for (const auto& [shard, node] : config.cluster.overrides) {
      if (node == member.name) overrides.emplace(shard, node);
    }
  }
  if (nodes.empty()) {
    return Error{ErrorCode::invalid_argument, "no node has the role " + role};
  }
  const auto layout =
      placement::make_layout(config.cluster.shards, std::move(nodes), std::move(overrides));
  if (!layout) return layout.error();
  group.homes = placement::homes_of(*layout);
  return group;
}

std::string role_of(const Config& config, const std::string& pipeline, const std::string& stage) {
  for (const auto& configured : config.pipelines) {
    if (configured.name != pipeline) continue;
    for (const auto& options : configured.options) {
      if (options.name == stage) return options.role.value_or("");
    }
  }
  return "";
}

Error two_roles(const std::string& queue, const std::string& one, const std::string& other) {
  return {ErrorCode::invalid_argument,
          "queue " + queue + " belongs to stages of two roles, \"" + one + "\" and \"" + other +
              "\": stages that share a queue of dead letters must have one role"};
}

/// Returns what the homes follow from, as text in one order.
std::string facts_of(const Config& config) {
  std::string facts = "shards " + std::to_string(config.cluster.shards) + '\n';
  std::vector<MemberConfig> members = members_of(config);
  std::sort(members.begin(), members.end(),
            [](const MemberConfig& a, const MemberConfig& b) { return a.name < b.name; });
  for (MemberConfig& member : members) {
    facts += "node " + member.name + ' ' + std::to_string(member.weight);
    std::sort(member.roles.begin(), member.roles.end());
    for (const std::string& role : member.roles) facts += ' ' + role;
    facts += '\n';
  }
  for (const auto& [shard, node] : config.cluster.overrides) {
    facts += "override " + std::to_string(shard) + ' ' + node + '\n';
  }
  return facts;
}

}  // namespace

Result<QueuePlacement> QueuePlacement::make(const Config& config,
                                            std::span<const PipelineSpec> pipelines) {
  std::map<std::string, std::string> roles;  // by queue
  std::set<std::string> unread;
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      const std::string role = role_of(config, pipeline.name, stage.name);
      for (const std::string& queue : {stage.source.name, dead_letter_queue(stage)}) {
        const auto [known, is_new] = roles.emplace(queue, role);
        if (is_new || known->second == role) continue;
        return two_roles(queue, known->second, role);
      }
      for (const QueueSpec& target : stage.targets) unread.insert(target.name);
    }
  }
  for (const std::string& queue : unread) roles.emplace(queue, "");
  if (!config.kafka.listen.empty()) roles.emplace(kafka::topic_store, "");
  std::map<std::string, moves::QueueGroup> groups;
  auto anywhere = make_group(config, "");
  if (!anywhere) return anywhere.error();
  groups.emplace("", std::move(*anywhere));
  for (const auto& [queue, role] : roles) {
    if (!groups.contains(role)) {
      auto group = make_group(config, role);
      if (!group) return group.error();
      groups.emplace(role, std::move(*group));
    }
    groups.at(role).queues.push_back(queue);
  }
  QueuePlacement placement;
  for (auto& [role, group] : groups) placement.groups_.push_back(std::move(group));
  for (const MemberConfig& member : members_of(config)) placement.nodes_.insert(member.name);
  placement.facts_ = facts_of(config);
  return placement;
}

moves::ClusterLayout QueuePlacement::layout() const {
  return moves::make_layout(groups_, nodes_, facts_);
}

const std::string& QueuePlacement::home(const std::string& queue, std::uint32_t shard) const {
  for (const moves::QueueGroup& group : groups_) {
    const bool has_it =
        std::find(group.queues.begin(), group.queues.end(), queue) != group.queues.end();
    if (has_it) return group.homes.at(shard);
  }
  return groups_.front().homes.at(shard);
}

}  // namespace millrace::cluster
