// MovingNode: a node of a simulated cluster whose shards can move: queues, federation and moves
// over a simulated network and a log in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/testing/shell/deterministic_actor_system.hpp"
#include "actors/testing/test_node.hpp"
#include "cluster/federation/federated_node.hpp"
#include "cluster/move/node_federation.hpp"
#include "cluster/move/shard_table.hpp"
#include "cluster/transport/sim/simulated_network.hpp"

namespace millrace {

struct MovingNodeOptions {
  TestNodeOptions node{};  ///< without the fields that the cluster sets
  std::vector<PipelineSpec> pipelines{};
  std::vector<moves::QueueGroup> groups{};
  std::vector<std::string> others{};  ///< names of the other nodes
  /// Whether the data directories begin as those of founded shards, each owned by its home.
  bool is_founded = true;
  bool accepts_loss = false;            ///< of the next start()
  bool is_copy = false;                 ///< the data directory, at the next start()
  std::uint64_t first_incarnation = 1;  ///< then one more for each start
  std::size_t window_bytes = transport::TransportOptions{}.window_bytes;
  std::function<queues::OfferHandle(queues::OfferHandle)>
      remote{};  ///< wraps each remote queue; unset: no wrapper
};

class MovingNode final : public transport::TransportListener, private Federation {
 public:
  /// All references must outlive this object. The node is down until start().
  MovingNode(DeterministicActorSystem& system, transport::SimulatedNetwork& network,
             MovingNodeOptions options);

  /// Recovers and joins the network. Returns false if the disk fails.
  bool start();
  /// Replaces groups and other nodes for the next start().
  void configure(std::vector<moves::QueueGroup> groups, std::vector<std::string> others,
                 bool accepts_loss = false);
  /// Whether the log is a copy: from the next start() on, until other nodes have been compared.
  void set_copy(bool is_copy = true) { options_.is_copy = is_copy; }
  /// Whether the node serves; false while it compares a copy.
  [[nodiscard]] bool is_serving() const { return is_up() && !options_.is_copy; }
  /// Stops the node at once, as a crash does; the log stays.
  void kill();

  [[nodiscard]] bool is_up() const { return node_->is_up(); }
  [[nodiscard]] const std::string& name() const { return options_.node.name; }
  [[nodiscard]] TestNode& node() { return *node_; }
  [[nodiscard]] const TestNode& node() const { return *node_; }
  /// Whether a shard is fenced without a known outcome: a short and critical time for a crash.
  [[nodiscard]] bool is_giving_up() const;
  /// Requires a running node.
  [[nodiscard]] moves::ShardTable& table() { return *table_; }
  [[nodiscard]] moves::NodeFederation& federation() { return *federation_; }
  [[nodiscard]] transport::Transport& transport() { return *transport_; }

  void on_up(const std::string& peer, std::uint64_t incarnation) override;
  void on_frame(const std::string& peer, transport::Frame frame, transport::Credit credit) override;
  void on_writable(const std::string& peer) override { others_->on_writable(peer); }
  void on_down(const std::string& peer, const Error& reason) override {
    others_->on_down(peer, reason);
    federation_->on_down(peer);
  }

 private:
  // Federation, for TestNode; start() and kill() call started() and stopped() of federation_.
  [[nodiscard]] std::vector<pb::ShardRecord> recovered(
      const ShardRecords& records, const std::vector<pb::Declaration>& queues) override {
    return federation_->recovered(records, queues);
  }
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const override {
    return federation_->serves(queue, shard);
  }
  [[nodiscard]] bool is_fenced(const std::string& queue, std::uint32_t shard) const override {
    return federation_->is_fenced(queue, shard);
  }
  [[nodiscard]] bool must_compare() const override { return federation_->must_compare(); }
  [[nodiscard]] queues::OfferHandle remote(ActorSystem& system, const std::string& queue,
                                           std::uint32_t shard) override {
    const auto remote = federation_->remote(system, queue, shard);
    return options_.remote ? options_.remote(remote) : remote;
  }
  void started(ActorSystem& /*system*/, const NodeActors& /*actors*/,
               ShardMoves& /*moves*/) override {}
  void stopped() override {}

  DeterministicActorSystem& system_;
  transport::SimulatedNetwork& network_;
  MovingNodeOptions options_;
  [[nodiscard]] Result<void> write_founded();

  std::uint64_t starts_ = 0;
  transport::Transport* transport_ = nullptr;
  std::unique_ptr<moves::ShardTable> table_;
  std::unique_ptr<federation::FederatedNode> others_;
  std::unique_ptr<moves::NodeFederation> federation_;
  std::unique_ptr<TestNode> node_;
};

/// Returns one group per stage, with its input and dead letter queues; the role is the name of the
/// input queue. `home` returns the first owner of each shard.
[[nodiscard]] std::vector<moves::QueueGroup> groups_by_stage(
    const std::vector<PipelineSpec>& pipelines, std::uint32_t shards,
    const std::vector<std::string>& nodes,
    const std::function<std::string(const std::string& source, std::uint32_t shard)>& home);

/// Returns one group with all queues and no role, as if no stage had a role: stages write to queues
/// of their own group.
[[nodiscard]] std::vector<moves::QueueGroup> one_group(
    const std::vector<PipelineSpec>& pipelines, std::uint32_t shards,
    const std::vector<std::string>& nodes,
    const std::function<std::string(std::uint32_t shard)>& home);

}  // namespace millrace
