#include "apps/cli/client/cluster_client.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include "apps/cli/exit_code.hpp"

namespace millrace::cli {

Result<ClusterClient> ClusterClient::open(const ServerOptions& options) {
  auto front = ServerClient::open(options);
  if (!front) return front.error();
  ClusterClient cluster;
  if (options.node_only) {
    cluster.nodes_.push_back({front->url(), std::move(*front)});
    return cluster;
  }
  const auto members = front->get("/api/v1/cluster/members");
  if (!members) return members.error();
  for (const auto& member : members->value("members", nlohmann::ordered_json::array())) {
    const std::string name = member.value("node", "");
    const std::string http = member.value("http", "");
    if (member.value("self", false)) {
      cluster.nodes_.push_back({name, front->to(front->url())});
    } else if (member.value("unreachable", false)) {
      cluster.missing_.push_back(name + " (unreachable)");
    } else if (http.empty()) {
      cluster.missing_.push_back(name + " (its HTTP address is not known)");
    } else {
      cluster.nodes_.push_back({name, front->to("http://" + http)});
    }
  }
  return cluster;
}

Result<void> ClusterClient::for_each(const std::function<Result<void>(ServerClient&)>& visit) {
  for (Node& node : nodes_) {
    auto visited = visit(node.client);
    if (visited) continue;
    if (visited.error().code != ErrorCode::unreachable || nodes_.size() == 1) return visited;
    const std::string what = node.name + " (" + visited.error().message + ")";
    if (std::find(missing_.begin(), missing_.end(), what) == missing_.end()) {
      missing_.push_back(what);
    }
  }
  return {};
}

int ClusterClient::finish(const std::string& gone) const {
  bool is_complete = true;
  for (const std::string& node : missing_) {
    if (!gone.empty() && node.starts_with(gone + " (")) continue;
    is_complete = false;
    std::cerr << "millrace: warning: without node " << node << '\n';
  }
  return is_complete ? exit_ok : exit_unreachable;
}

}  // namespace millrace::cli
