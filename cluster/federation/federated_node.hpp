// FederatedNode: connects the runtime of one node with the transport to the other nodes.
//
//            this node                                the other node
//   forwarder ─▶ remote queue ══ offers ══════▶ FederatedNode ─▶ queue
//       ▲                                                          │
//       └─ remote queue ◀─ FederatedNode ◀══ answers ══ answerer ◀─┘
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "actors/assembly/federation.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "cluster/federation/frames.hpp"
#include "cluster/federation/shell/answer_actor.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::federation {

/// Returns the name of the node that owns a shard of a queue. Called on any thread; must not throw.
using Placement = std::function<std::string(const std::string& queue, std::uint32_t shard)>;

/// Thread-safe. `transport` and `calls` must outlive this object, and the transport must be stopped before
/// its destruction.
class FederatedNode final : public Federation, public transport::TransportListener {
 public:
  /// `calls` share the links, and run while the runtime does; nullptr: this node knows no calls, and a
  /// frame of one ends the link.
  FederatedNode(std::string node, transport::Transport& transport, Placement placement,
                calls::PeerCalls* calls = nullptr);

  /// Begins what needs no queue of this node: its calls. started() does so too. A second call does
  /// nothing.
  void open(ActorSystem& system);

  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const override;
  [[nodiscard]] queues::OfferHandle remote(ActorSystem& system, const std::string& queue,
                                           std::uint32_t shard) override;
  void started(ActorSystem& system, const NodeActors& actors, ShardMoves& moves) override;
  void stopped() override;

  void on_up(const std::string& peer, std::uint64_t incarnation) override;
  void on_frame(const std::string& peer, transport::Frame frame, transport::Credit credit) override;
  void on_writable(const std::string& peer) override;
  void on_down(const std::string& peer, const Error& reason) override;

 private:
  struct Peer {
    std::map<Target, AnyActor> remote_queues;  ///< actors for the shards that this peer owns
    AnyActor answerer;
    bool is_up = false;
  };

  template <class Message>
  void tell_all(Peer& peer, const Message& message);
  template <class Message>
  void pass(const std::string& peer, const pb::QueueShard& target, Message message);
  Result<void> take(const std::string& peer, const transport::Frame& frame);
  /// Returns the queue of this node; empty if this node does not serve that shard of the queue.
  [[nodiscard]] LocalQueue served(const Target& target) const;
  void attach(const std::string& peer, const pb::OutboxAttach& attach);
  void offer(const std::string& peer, const std::shared_ptr<pb::OutboxOffer>& offer);
  void refuse(const std::string& peer, const Target& target);

  const std::string node_;
  transport::Transport& transport_;
  const Placement placement_;
  calls::PeerCalls* const calls_;  ///< nullptr: none
  const std::shared_ptr<TargetNames> names_ = std::make_shared<TargetNames>();

  std::mutex mutex_;
  ActorSystem* system_ = nullptr;  ///< nullptr: the runtime accepts no offers
  bool is_open_ = false;
  bool has_stopped_ = false;
  const NodeActors* actors_ = nullptr;  ///< nullptr if and only if `system_` is nullptr
  std::map<std::string, Peer> peers_;
};

}  // namespace millrace::federation
