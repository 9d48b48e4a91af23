#include "cluster/node/node_view.hpp"

#include <algorithm>
#include <map>

namespace millrace::cluster {
namespace {

bool needs_decision(const moves::WaitingShards& shards) {
  return shards.wait.reason != moves::Wait::Reason::peers &&
         shards.wait.reason != moves::Wait::Reason::layouts &&
         shards.wait.reason != moves::Wait::Reason::copy;
}

}  // namespace

http::NodeStatus NodeView::status() const {
  http::NodeStatus status;
  status.node = node_;
  status.cluster = cluster_;
  status.version = options_.version;
  status.started_at_us = options_.started_at_us;
  status.certificates_end_us = certificates_end_us_;
  status.shards = shards_;
  status.served_shards = table_.shards_of(node_);
  for (const MemberView& member : members_.view()) {
    if (member.is_self) status.state = to_text(member.state);
  }
  return status;
}

Result<void> NodeView::ready() const {
  const std::string state = status().state;
  if (state == "up") {
    const std::vector<moves::WaitingShards> waiting = table_.waiting();
    if (waiting.empty()) return {};
    const auto decided = std::find_if(waiting.begin(), waiting.end(), needs_decision);
    const bool is_decision = decided != waiting.end();
    return Error{is_decision ? ErrorCode::fenced : ErrorCode::not_owner,
                 (is_decision ? *decided : waiting.front()).text()};
  }
  if (state == "joining") return Error{ErrorCode::timeout, "the node does not serve yet"};
  return Error{ErrorCode::draining, "the node is " + state};
}

std::vector<http::Member> NodeView::members() const {
  std::vector<config::MemberConfig> nodes;
  {
    const std::lock_guard lock(mutex_);
    nodes = nodes_;
  }
  std::vector<http::Member> members;
  for (const MemberView& member : members_.view()) {
    http::Member shown;
    shown.name = member.name;
    shown.address = member.address;
    shown.state = to_text(member.state);
    shown.is_unreachable = member.is_unreachable;
    shown.is_self = member.is_self;
    shown.incarnation = member.incarnation;
    shown.served_shards = table_.shards_of(member.name);
    const std::uint64_t layout = table_.layout_of(member.name);
    shown.has_other_layout = layout != 0 && layout != table_.layout()->digest;
    const auto configured = std::find_if(
        nodes.begin(), nodes.end(), [&](const auto& node) { return node.name == member.name; });
    if (configured != nodes.end()) shown.http = configured->http;
    members.push_back(std::move(shown));
  }
  return members;
}

std::string NodeView::role_of(const std::string& queue) const {
  const auto layout = table_.layout();
  for (const auto& [role, group] : layout->groups) {
    if (std::find(group.queues.begin(), group.queues.end(), queue) != group.queues.end())
      return role;
  }
  return {};
}

std::string NodeView::owner(const std::string& queue, std::uint32_t shard) const {
  return table_.owner(queue, shard);
}

Result<void> NodeView::drain() {
  if (status().state == "leaving") {
    return Error{ErrorCode::draining, "the node is leaving already"};
  }
  if (!options_.on_drain) {
    return Error{ErrorCode::invalid_argument, "this node is not to be drained from outside"};
  }
  options_.on_drain();
  return {};
}

std::vector<http::WaitingShardsView> NodeView::waiting() const {
  std::vector<http::WaitingShardsView> views;
  for (const moves::WaitingShards& shards : table_.waiting()) {
    views.push_back({shards.text(), shards.shards.size(), needs_decision(shards)});
  }
  return views;
}

Result<void> NodeView::give_up(const std::string& node) {
  if (table_.layout()->nodes.contains(node)) {
    return Error{
        ErrorCode::invalid_argument,
        "node " + node + " is configured: take it out of the configuration of every node first"};
  }
  federation_.give_up(node);
  return {};
}

std::vector<http::ShardView> NodeView::shards() const {
  const auto layout = table_.layout();
  std::map<moves::ShardKey, std::string> waiting;
  for (const moves::WaitingShards& shards : table_.waiting()) {
    for (const moves::ShardKey& key : shards.shards) waiting[key] = shards.text();
  }
  std::vector<http::ShardView> views;
  for (const pb::ShardRecord& record : table_.records()) {
    const moves::QueueGroup& group = layout->groups.at(record.role());
    // The group without a role has no queues if every stage has a role.
    if (group.queues.empty()) continue;
    http::ShardView& view = views.emplace_back();
    view.role = record.role();
    view.shard = record.shard();
    view.epoch = record.ownership().epoch();
    if (view.epoch > 0) view.owner = record.ownership().owner();
    view.home = group.homes.at(record.shard());
    if (const auto why = waiting.find({record.role(), record.shard()}); why != waiting.end()) {
      view.waits_for = why->second;
    }
    view.nodes = group.nodes;
    last_moves_->describe(view);
  }
  return views;
}

// Returns only the errors that are known at once; shards() shows how the move ends.
Result<void> NodeView::move_shard(const std::string& role, std::uint32_t shard,
                                  const std::string& to) {
  const auto layout = table_.layout();
  const auto groups = layout->groups.find(role);
  if (groups == layout->groups.end() || shard >= groups->second.homes.size()) {
    return Error{ErrorCode::not_found,
                 "there is no shard " + std::to_string(shard) + " of role \"" + role + "\""};
  }
  const std::string owner = table_.owner(
      groups->second.queues.empty() ? std::string() : groups->second.queues.front(), shard);
  if (owner != node_) {
    return Error{ErrorCode::not_owner, "shard " + std::to_string(shard) + " is served by " + owner};
  }
  if (!last_moves_->begin(role, shard, to)) {
    return Error{ErrorCode::draining, "shard " + std::to_string(shard) + " is being moved already"};
  }
  federation_.move(role, shard, to, [moves = last_moves_, role, shard](const Result<void>& done) {
    moves->end(role, shard, done);
  });
  return {};
}

}  // namespace millrace::cluster
