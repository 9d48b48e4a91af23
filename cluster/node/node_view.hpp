// NodeView: the status of this node and its cluster, for the HTTP API.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "cluster/config/config.hpp"
#include "cluster/http/cluster_view.hpp"
#include "cluster/membership/members.hpp"
#include "cluster/move/node_federation.hpp"
#include "cluster/node/last_moves.hpp"

namespace millrace::cluster {

/// Thread-safe.
class NodeView final : public http::ClusterView {
 public:
  struct Options {
    std::string version;
    TimeUs started_at_us = 0;
    /// As ClusterNode::Options::on_drain. drain() calls it on its own thread and then returns.
    std::function<void()> on_drain;
  };

  /// All references but `config` must outlive this object.
  NodeView(Options options, const config::Config& config, const Members& members,
           const moves::ShardTable& table, moves::NodeFederation& federation)
      : options_(std::move(options)),
        node_(config.node.name),
        cluster_(config.cluster.name),
        shards_(config.cluster.shards),
        nodes_(config.cluster.nodes),
        members_(members),
        table_(table),
        federation_(federation) {}

  /// Replaces the configured nodes.
  void set_nodes(std::vector<config::MemberConfig> nodes) {
    const std::lock_guard lock(mutex_);
    nodes_ = std::move(nodes);
  }

  /// What status() tells of the certificates from now on.
  void set_certificates_end(TimeUs end_us) { certificates_end_us_ = end_us; }

  [[nodiscard]] http::NodeStatus status() const override;
  [[nodiscard]] Result<void> ready() const override;
  [[nodiscard]] std::vector<http::Member> members() const override;
  [[nodiscard]] std::string role_of(const std::string& queue) const override;
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const override;
  Result<void> drain() override;
  [[nodiscard]] std::vector<http::WaitingShardsView> waiting() const override;
  Result<void> give_up(const std::string& node) override;
  [[nodiscard]] std::vector<http::ShardView> shards() const override;
  Result<void> move_shard(const std::string& role, std::uint32_t shard,
                          const std::string& to) override;

 private:
  const Options options_;
  const std::string node_;
  const std::string cluster_;
  const std::uint32_t shards_;
  mutable std::mutex mutex_;
  std::vector<config::MemberConfig> nodes_;  ///< guarded by mutex_
  const Members& members_;
  const moves::ShardTable& table_;
  moves::NodeFederation& federation_;
  std::atomic<TimeUs> certificates_end_us_ = 0;
  const std::shared_ptr<LastMoves> last_moves_ = std::make_shared<LastMoves>();
};

}  // namespace millrace::cluster
