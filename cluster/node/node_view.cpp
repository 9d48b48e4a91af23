#include "cluster/node/node_view.hpp"

#include <algorithm>

namespace millrace::cluster {
namespace {

std::string to_text(pb::MemberState state) {
  switch (state) {
    case pb::MEMBER_JOINING:
      return "joining";
    case pb::MEMBER_UP:
      return "up";
    case pb::MEMBER_LEAVING:
      return "leaving";
    case pb::MEMBER_REMOVED:
      return "removed";
    default:
      return "unknown";
  }
}

}  // namespace

gateway::NodeStatus NodeView::status() const {
  gateway::NodeStatus status;
  status.node = config_.node.name;
  status.cluster = config_.cluster.name;
  status.version = options_.version;
  status.started_at_us = options_.started_at_us;
  status.shards = config_.cluster.shards;
  status.served_shards = shards_of(config_.node.name);
  for (const MemberView& member : members_.view()) {
    if (member.is_self) status.state = to_text(member.state);
  }
  return status;
}

Result<void> NodeView::ready() const {
  const std::string state = status().state;
  if (state == "up") return {};
  if (state == "joining") return Error{ErrorCode::timeout, "the node does not serve yet"};
  return Error{ErrorCode::draining, "the node is " + state};
}

// Of queues without a role; those with one are for the nodes of that role alone.
std::vector<std::uint32_t> NodeView::shards_of(const std::string& node) const {
  std::vector<std::uint32_t> shards;
  for (std::uint32_t shard = 0; shard < config_.cluster.shards; ++shard) {
    if (placement_.owner("", shard) == node) shards.push_back(shard);
  }
  return shards;
}

std::vector<gateway::Member> NodeView::members() const {
  std::vector<gateway::Member> members;
  for (const MemberView& member : members_.view()) {
    gateway::Member shown;
    shown.name = member.name;
    shown.address = member.address;
    shown.state = to_text(member.state);
    shown.is_unreachable = member.is_unreachable;
    shown.is_self = member.is_self;
    shown.incarnation = member.incarnation;
    shown.served_shards = shards_of(member.name);
    const auto& nodes = config_.cluster.nodes;
    const auto configured = std::find_if(
        nodes.begin(), nodes.end(), [&](const auto& node) { return node.name == member.name; });
    if (configured != nodes.end()) shown.http = configured->http;
    members.push_back(std::move(shown));
  }
  return members;
}

std::string NodeView::owner(const std::string& queue, std::uint32_t shard) const {
  return placement_.owner(queue, shard);
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

}  // namespace millrace::cluster
