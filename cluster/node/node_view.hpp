// NodeView: what a node shows of itself and its cluster through its gateway.
#pragma once

#include <functional>
#include <string>

#include "actors/base/time.hpp"
#include "cluster/config/config.hpp"
#include "cluster/gateway/cluster_view.hpp"
#include "cluster/node/members.hpp"
#include "cluster/node/queue_placement.hpp"

namespace millrace::cluster {

/// Thread-safe.
class NodeView final : public gateway::ClusterView {
 public:
  struct Options {
    std::string version;
    TimeUs started_at_us = 0;
    /// Begins a drain, as SIGTERM does; unset: this node is not to be drained from outside.
    std::function<void()> on_drain;
  };

  /// All outlive it.
  NodeView(Options options, const config::Config& config, const Members& members,
           const QueuePlacement& placement)
      : options_(std::move(options)), config_(config), members_(members), placement_(placement) {}

  [[nodiscard]] gateway::NodeStatus status() const override;
  [[nodiscard]] Result<void> ready() const override;
  [[nodiscard]] std::vector<gateway::Member> members() const override;
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const override;
  Result<void> drain() override;

 private:
  [[nodiscard]] std::vector<std::uint32_t> shards_of(const std::string& node) const;

  const Options options_;
  const config::Config& config_;
  const Members& members_;
  const QueuePlacement& placement_;
};

}  // namespace millrace::cluster
