// NodeActors: the queues and receivers of one node as actors, wired as planned. A node and a test
// bring them to life in the same way; they differ in the log, the clock and the scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/assembly/commit_router.hpp"
#include "actors/assembly/federation.hpp"
#include "actors/assembly/node_plan.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/shell/any_actor.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/queue/state/invariants.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/sender/sender_inbox.hpp"
#include "actors/sender/shell/forwarder_actor.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Thread-safe once everything is spawned. A shard that moves changes what is here; whoever asks
/// gets what was true at that moment.
class NodeActors final : public CommitSink {
 public:
  /// What the actors work with; all of it outlives them.
  struct Surroundings {
    ActorSystem* system = nullptr;
    queues::RecordLog* log = nullptr;
    const Clock* clock = nullptr;
    std::uint64_t seed = 0;
    bool threads = true;  ///< stages that may block get threads of their own
    /// What stands for a shard that another node serves; needed where there is one.
    std::function<queues::OfferHandle(const std::string& queue, std::uint32_t shard)> remote{};
    /// Called when a queue's actor ended though nobody told it to: the node must stop.
    std::function<void(const std::string& queue)> queue_ended{};
    /// Whether a queue begins quiesced, as its shard was being moved away when the node ended.
    std::function<bool(const std::string& queue, std::uint32_t shard)> is_fenced{};
    /// See queues::QueueActorConfig::on_violation.
    queues::OnViolation on_violation{};
  };

  NodeActors(Surroundings surroundings, NodePlan plan)
      : surroundings_(std::move(surroundings)), plan_(std::move(plan)) {}

  /// Takes the recovered queues out of `store`. `reader` may be invalid: see QueueActorConfig.
  void spawn_queues(Store& store, const AnyActor& reader);
  void spawn_receivers();
  /// Begins to bring what is in the outboxes to where it belongs.
  void spawn_forwarders();

  /// Has a queue write again what is live in early segments: see CompactMessage. `done` comes at
  /// once where the queue is no more.
  void compact(queues::QueueNumber number, journal::SegmentNumber before,
               std::function<void()> done) const;

  /// Has each queue show its state as of what it was told by now: see SnapshotMessage. Returns how
  /// often `sink` will be called, on the queues' threads.
  std::size_t snapshot(journal::Lsn lsn, std::function<void(const queues::State&)> sink) const;

  /// Sends committed changes to the actor of their queue.
  void deliver(queues::QueueNumber number,
               std::shared_ptr<const std::vector<queues::CommittedChange>> changes) override;

  /// A sender into a queue; `inbox` is the client's side of it. Fails with `not_found`, or with
  /// `invalid_argument` where the queue carries another type.
  [[nodiscard]] Result<AnyActor> spawn_sender(const std::string& queue, const std::string& type,
                                              const SenderOptions& options,
                                              std::shared_ptr<senders::SenderInbox> inbox);

  /// The queue, where this node serves that shard of it; else null. Fails with `not_found`, or
  /// `invalid_argument` where there is no such shard.
  [[nodiscard]] Result<LocalQueue> served(const std::string& queue, std::uint32_t shard) const;

  /// Likewise what this node's own messages for it are put into: the queue or an outbox. Null for
  /// dead letters of another node.
  [[nodiscard]] Result<LocalQueue> ingress(const std::string& queue, std::uint32_t shard) const;

  /// Begins an operation on the live messages that this node serves of a queue; `done` is called
  /// once, on an actor's thread. `reader` as in spawn_queues(). Fails with `not_found`, or with
  /// `invalid_argument` where letters should be put back from a queue that takes none, or messages
  /// taken out of an outbox.
  [[nodiscard]] Result<void> operate(const std::string& queue, const AnyActor& reader,
                                     Operation operation,
                                     std::function<void(OperationResult)> done);

  /// Outboxes bring away what they hold, as far as their targets take it.
  void flush();
  /// What is under way to other nodes returns to its outbox.
  void give_back();

  /// Tells receivers and forwarders, then queues, to end.
  void end();

  /// Of all queues that the log knows, staged copies among them.
  [[nodiscard]] std::vector<pb::Declaration> declarations() const;
  /// Of the stages that run here, in the order of the pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;
  [[nodiscard]] queues::QueueHandle handle(queues::QueueNumber number) const;
  /// As given to spawn_queues(), until end().
  [[nodiscard]] AnyActor reader() const;

  // --- A shard that moves. `queues` are all that stages of its role read or give up into. Changes
  // --- of what is served are called in log order, right behind their record: see ShardMoves.

  struct Member {
    pb::Declaration declaration;
    queues::QueueHandle handle;
  };
  /// The shard's queues that this node serves.
  [[nodiscard]] std::vector<Member> members(std::span<const std::string> queues,
                                            std::uint32_t shard) const;
  /// The ingresses of this node but those queues of the shard that are ingresses themselves.
  [[nodiscard]] std::vector<queues::QueueHandle> other_ingresses(
      std::span<const std::string> queues, std::uint32_t shard) const;

  /// Starts quiesced, empty queues for a copy of the shard, and declares them `staged`; declared()
  /// follows. Fails with `invalid_argument` where one is served here already.
  [[nodiscard]] Result<std::vector<pb::Declaration>> add_copies(std::span<const std::string> queues,
                                                                std::uint32_t shard);
  /// They are in the log, and so in checkpoints from here on.
  void declared(const std::vector<pb::Declaration>& copies);
  /// The copies are the shard now: it is served here.
  void install(const std::vector<pb::Declaration>& copies);
  /// The copies will not be needed, and are out of the log.
  void remove(const std::vector<pb::Declaration>& copies);

  /// What giving the shard up does to a queue: the ingress becomes an outbox, declared so; any
  /// other ends, and has no declaration.
  struct Leaving {
    queues::QueueNumber number = 0;
    std::optional<pb::Declaration> outbox{};
  };
  [[nodiscard]] std::vector<Leaving> leaving(std::span<const std::string> queues,
                                             std::uint32_t shard) const;
  /// The shard is another node's now.
  void become_outbox(const std::vector<Leaving>& leaving);

  /// Another node serves the shard from now on, or this one: its outbox turns there.
  void retarget(const std::string& queue, std::uint32_t shard);

 private:
  struct Forwarder {
    std::string queue;
    std::uint32_t shard = 0;
    AnyActor actor;
  };

  using Reading = std::shared_lock<std::shared_mutex>;
  using Writing = std::unique_lock<std::shared_mutex>;

  void spawn_queue(std::unique_ptr<queues::State> state, const pb::Declaration& declaration,
                   bool is_quiesced);
  /// Queues feed each other anew; `mutex_` is held.
  void rewire();
  /// The queue is no more; `mutex_` is held.
  void retire(queues::QueueNumber number);
  [[nodiscard]] receivers::ReceiverConfig receiver_config(const WorkerPlan& worker) const;
  void spawn_forwarder(const OutboxPlan& outbox);
  [[nodiscard]] queues::OfferHandle target_of(const std::string& queue, std::uint32_t shard) const;
  [[nodiscard]] Result<queues::QueueNumber> find(
      const std::string& queue, std::uint32_t shard,
      std::vector<queues::QueueNumber> QueuePlan::*numbers) const;
  [[nodiscard]] LocalQueue local(queues::QueueNumber number) const;
  [[nodiscard]] std::vector<queues::QueueHandle> handles_of(
      const std::vector<queues::QueueNumber>& numbers) const;

  Surroundings surroundings_;
  AnyActor reader_;
  mutable std::shared_mutex mutex_;  ///< never held while `remote` is called
  NodePlan plan_;
  std::map<queues::QueueNumber, pb::Declaration> declarations_;
  std::vector<queues::QueueHandle> handles_;  ///< by number; 0 is empty, and what is no more
  std::vector<Forwarder> forwarders_;
  AnyActor supervisor_;     ///< of all receivers
  bool has_ended_ = false;  ///< end() was called: no more actors
};

}  // namespace millrace
