// NodeFederation: the cluster as the runtime of one node sees it: which shards the node serves, the
// remote queues for all other shards, and the MoveService while the runtime runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "cluster/federation/federated_node.hpp"
#include "cluster/move/shard_table.hpp"
#include "cluster/move/shell/move_actor.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::moves {

/// Thread-safe. All constructor arguments must outlive this object.
class NodeFederation final : public Federation {
 public:
  /// Exported chunks are kept in unlinked files in `spool_directory`. `incarnation`: of this start of
  /// the node, higher than those of its earlier starts. `on_compared` set: the data
  /// directory is a copy (see Federation::must_compare()); called when it was compared, before the
  /// node serves; may block on the disk.
  NodeFederation(std::filesystem::path spool_directory, federation::FederatedNode& others,
                 ShardTable& table, transport::Transport& transport, const Clock& clock,
                 std::uint64_t incarnation, bool accepts_loss = false,
                 std::function<void()> on_compared = {})
      : spool_directory_(std::move(spool_directory)),
        others_(others),
        table_(table),
        transport_(transport),
        clock_(clock),
        incarnation_(incarnation),
        accepts_loss_(accepts_loss),
        on_compared_(std::move(on_compared)) {}

  [[nodiscard]] std::vector<pb::ShardRecord> recovered(
      const ShardRecords& records, const std::vector<pb::Declaration>& queues) override {
    return table_.recovered(records, queues);
  }
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const override {
    return table_.serves(queue, shard);
  }
  [[nodiscard]] bool is_fenced(const std::string& queue, std::uint32_t shard) const override {
    return table_.is_fenced(queue, shard);
  }
  [[nodiscard]] queues::OfferHandle remote(ActorSystem& system, const std::string& queue,
                                           std::uint32_t shard) override {
    return others_.remote(system, queue, shard);
  }
  [[nodiscard]] bool must_compare() const override { return on_compared_ != nullptr; }
  void compare(ActorSystem& system, ShardMoves& moves, std::function<void()> serve,
               std::function<void(const Error&)> outdated) override;
  void started(ActorSystem& system, const NodeActors& actors, ShardMoves& moves) override;
  void stopped() override;
  void define_queue(const std::string& queue, const std::string& dead_letters,
                    std::function<void()> done) override;

  /// Passes a move or gossip frame to the MoveService; drops it if the runtime does not run.
  void take(const std::string& peer, transport::Frame frame, transport::Credit credit);
  void on_up(const std::string& peer);
  void on_down(const std::string& peer);

  /// Replaces the layout: homes and nodes change, owners do not.
  void set_layout(ClusterLayout layout);
  /// As MoveService::give_up().
  void give_up(const std::string& node);

  /// Starts a move and returns. `done` as in MoveService::move; if the runtime does not run, called
  /// with `draining` on the calling thread before this function returns.
  void move(const std::string& role, std::uint32_t shard, const std::string& to,
            std::function<void(Result<void>)> done);

 private:
  [[nodiscard]] MoveServiceConfig service_config(ShardMoves& moves);

  const std::filesystem::path spool_directory_;
  federation::FederatedNode& others_;
  ShardTable& table_;
  transport::Transport& transport_;
  const Clock& clock_;
  const std::uint64_t incarnation_;
  const bool accepts_loss_;
  const std::function<void()> on_compared_;
  std::mutex mutex_;
  std::unique_ptr<MoveService> moves_;  ///< null: the runtime does not run
};

}  // namespace millrace::moves
