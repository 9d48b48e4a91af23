// NodeActors: the actors of one node's queues, stages and outboxes, wired as a NodePlan says. A
// running node and a test use it in the same way, with another log, clock and scheduler.
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

#include "actors/assembly/asks.hpp"
#include "actors/assembly/commit_router.hpp"
#include "actors/assembly/federation.hpp"
#include "actors/assembly/node_plan.hpp"
#include "actors/assembly/stage_breakers.hpp"
#include "actors/assembly/stage_failure.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/queue/state/invariants.hpp"
#include "actors/receiver/shell/external_stages.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/sender/numbered_offer.hpp"
#include "actors/sender/sender_inbox.hpp"
#include "actors/sender/shell/forwarder_actor.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Thread-safe once spawn_forwarders() has returned. Moves of shards change which queues are
/// served: a result describes the moment of the call. No function blocks on I/O or waits for an
/// actor.
class NodeActors final : public CommitSink {
 public:
  /// All of it must outlive the actors.
  struct Surroundings {
    ActorSystem* system = nullptr;
    queues::RecordLog* log = nullptr;
    const Clock* clock = nullptr;
    std::uint64_t seed = 0;
    std::shared_ptr<receivers::RunningTable> running{};  ///< null: nothing notes what is handled
    bool threads = true;  ///< whether actors that may block get threads of their own
    states::StateKeeper* states = nullptr;  ///< null: queues keep all keys in memory
    Federation* federation = nullptr;       ///< null: this node serves all shards
    /// Called, on any thread, when the actor of a queue ends without end(): the node must stop. May
    /// be empty. Must not throw.
    std::function<void(const std::string& queue)> queue_ended{};
    /// Called, on any thread, when this node's data directory turns out to be an older copy: the
    /// node must stop. Error code `outdated`. May be empty: then the node waits. Must not throw.
    std::function<void(const Error&)> outdated{};
    /// All queues that stages read begin paused.
    bool start_paused = false;
    /// Told of handlings that did not succeed. May be empty. Must not throw.
    OnStageFailure on_failure{};
    /// See queues::QueueActorConfig::on_violation.
    queues::OnViolation on_violation{};
  };

  NodeActors(Surroundings surroundings, NodePlan plan);

  /// Starts the actors of the recovered queues; moves their states out of `store`. `reader` answers
  /// ReadMessage; it may be empty if the queues keep all bodies in memory.
  void spawn_queues(Store& store, const AnyActor& reader);
  /// Starts the actors of the stages, and what waits for replies.
  void spawn_receivers();
  /// The external stages, for their workers. Null before spawn_receivers().
  [[nodiscard]] std::shared_ptr<const receivers::ExternalStages> external_stages() const;
  /// REQUIRES, of functions that ask or answer: spawn_receivers() has returned.
  [[nodiscard]] const Asks& asks() const { return asks_; }
  /// Starts to forward the messages of the outboxes.
  void spawn_forwarders();

  /// Relocates the live messages that the queue has in segments before `before`; see
  /// CompactMessage. `done` is called once: when the relocations are durable, or at once if the
  /// queue is gone.
  void compact(queues::QueueNumber number, logs::SegmentNumber before,
               std::function<void()> done) const;

  /// Shows `sink` the state of each queue as of the last delivered record; see SnapshotMessage.
  /// Returns how often `sink` will be called; the calls come from the threads of the queues,
  /// several at once.
  std::size_t snapshot(logs::Lsn lsn, std::function<void(const queues::State&)> sink) const;

  /// Sends committed changes to the actor of their queue.
  void deliver(queues::QueueNumber number,
               std::shared_ptr<const std::vector<queues::CommittedChange>> changes) override;

  /// Starts a sender into a queue; `inbox` is the client's side of it. Fails with `not_found` (no
  /// such queue) or `invalid_argument` (another type, or the length of the producer's name).
  [[nodiscard]] Result<AnyActor> spawn_sender(const std::string& queue, const std::string& type,
                                              const SenderOptions& options,
                                              std::shared_ptr<senders::SenderInbox> inbox);

  /// As Runtime::offer_numbered().
  [[nodiscard]] Result<void> offer_numbered(const std::string& queue, std::uint32_t shard,
                                            std::shared_ptr<const queues::Offer> offer,
                                            senders::NumberedDone done) const;

  /// Whether a pipeline names the declared queue, or the target of the declared outbox.
  [[nodiscard]] bool is_named(const pb::Declaration& declaration) const;

  /// The queue if this node serves the shard, else null. Fails with `not_found` (no such queue) or
  /// `invalid_argument` (no such shard).
  [[nodiscard]] Result<LocalQueue> served(const std::string& queue, std::uint32_t shard) const;

  /// The queue or outbox that this node's producers of the queue append to; null for a dead letter
  /// queue of another node. Fails as served().
  [[nodiscard]] Result<LocalQueue> ingress(const std::string& queue, std::uint32_t shard) const;

  /// Starts an operation on the live messages of the queue in the shards that this node serves; of
  /// a queue that the log has and no pipeline names any more, too.
  /// `done` is called once, on an actor's thread, unless this fails. `reader` as in spawn_queues().
  /// Fails with `not_found` (no such queue), or with `invalid_argument` for a redrive from a queue
  /// without dead letters, or a drop or redrive from an outbox.
  [[nodiscard]] Result<void> operate(const std::string& queue, const AnyActor& reader,
                                     Operation operation,
                                     std::function<void(OperationResult)> done);

  /// The queues of this node that a pause of `key` of the queue concerns; with an empty key, all that
  /// this node serves. Fails with `not_found` (no such queue) or `not_owner` (another node serves the
  /// shard of the key).
  [[nodiscard]] Result<std::vector<queues::QueueHandle>> to_pause(const std::string& queue,
                                                                  const std::string& key) const;

  /// Forwarders drain their outboxes, as far as the targets accept it.
  void flush();
  /// Forwarders stop; their messages in flight become ready again in the outbox.
  void give_back();

  /// Ends receivers and forwarders, then queues; does not wait for them.
  void end();

  /// Of all queues that are declared in the log, staged ones included.
  [[nodiscard]] std::vector<pb::Declaration> declarations() const;
  /// Of the stages that run on this node, in the order of the pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;
  /// Empty if the queue is gone. REQUIRES: the number was assigned by this node.
  [[nodiscard]] queues::QueueHandle handle(queues::QueueNumber number) const;
  /// The reader of spawn_queues(); empty after end().
  [[nodiscard]] AnyActor reader() const;
  /// Surroundings::system.
  [[nodiscard]] ActorSystem& system() const { return *surroundings_.system; }
  /// Surroundings::states.
  [[nodiscard]] states::StateKeeper* states() const { return surroundings_.states; }
  /// Surroundings::threads.
  [[nodiscard]] bool has_threads() const { return surroundings_.threads; }

  // --- A shard that moves ---
  // `queues` are the queues that the stages of the shard's role read, and their dead letter queues.
  // ShardMoves calls the functions that change what is served when their record is durable, in log
  // order, before any later record is delivered.

  struct ServedQueue {
    pb::Declaration declaration;
    queues::QueueHandle handle;
  };
  /// The shard's queues that this node serves.
  [[nodiscard]] std::vector<ServedQueue> served_queues(std::span<const std::string> queues,
                                                       std::uint32_t shard) const;
  /// All ingresses of this node, except queues of the shard that are ingresses themselves.
  [[nodiscard]] std::vector<queues::QueueHandle> other_ingresses(
      std::span<const std::string> queues, std::uint32_t shard) const;

  /// Starts empty, quiesced queues for the shard and returns their declarations, as staged.
  /// `began_anew`: as Declaration::began_anew. Fails
  /// with `invalid_argument` if this node serves one of `queues` in the shard, or `draining`.
  [[nodiscard]] Result<std::vector<pb::Declaration>> add_staged(std::span<const std::string> queues,
                                                                std::uint32_t shard,
                                                                bool began_anew);
  /// Their declarations are durable: checkpoints include them from now on.
  void on_staged_declared(const std::vector<pb::Declaration>& staged);
  /// The staged queues become the shard, and this node serves it.
  void install_staged(const std::vector<pb::Declaration>& staged);
  /// The move was given up, and a durable record retired the staged queues: ends their actors.
  void remove_staged(const std::vector<pb::Declaration>& staged);

  /// What giving up the shard does to one of its queues: an ingress becomes an outbox; any other
  /// queue ends.
  struct GivenUpQueue {
    queues::QueueNumber number = 0;
    std::optional<pb::Declaration> outbox{};  ///< of the ingress; empty: the queue ends
    queues::Sequence up_to = 0;               ///< BecomeOutbox.up_to; set by the caller
  };
  /// As in RuntimeOptions.
  [[nodiscard]] std::uint64_t generation() const { return plan_.generation; }
  [[nodiscard]] std::vector<GivenUpQueue> plan_give_up(std::span<const std::string> queues,
                                                       std::uint32_t shard) const;
  /// Another node owns the shard now: its queues become outboxes or end.
  void give_up(const std::vector<GivenUpQueue>& leaving);

  // --- A queue that is defined while the node runs

  /// Starts the stage of a queue that an operator has defined; this node has none of its shards yet. Fails
  /// with `invalid_argument` if there is a queue of its name or of that of its dead letters, or `draining`.
  /// REQUIRES: spawn_receivers() has returned.
  [[nodiscard]] Result<void> define_queue(const StageSpec& stage);
  /// What the log must have before a shard of the defined queue is used: of the queue and its dead letters
  /// where this node serves the shard, else of an outbox. Each call takes numbers. Empty: the node has the
  /// shard already.
  [[nodiscard]] std::vector<pb::Declaration> declare_defined(const std::string& queue,
                                                             std::uint32_t shard, bool serves);
  /// These declarations are durable: starts their actors.
  void install_defined(const std::vector<pb::Declaration>& declared);
  /// Whether the node has all shards of the queue, or outboxes for them. False: there is no such queue.
  [[nodiscard]] bool is_complete(const std::string& queue) const;

  /// The owner of the shard has changed: the outbox for it, if there is one, forwards to the new
  /// owner from now on.
  void retarget(const std::string& queue, std::uint32_t shard);

 private:
  struct Forwarder {
    std::string queue;
    std::uint32_t shard = 0;
    AnyActor actor;
  };

  using NumbersOfPlan = std::vector<queues::QueueNumber> QueuePlan::*;
  using Reading = std::shared_lock<std::shared_mutex>;
  using Writing = std::unique_lock<std::shared_mutex>;

  void spawn_queue(std::unique_ptr<queues::State> state, const pb::Declaration& declaration,
                   bool is_quiesced);
  /// Lets the shards of the queue look again at what may be leased.
  void wake(const std::string& queue) const;
  /// Makes all queues look up again which queues feed them. REQUIRES: `mutex_` is held.
  void rewire();
  /// Ends the actor of a queue that no longer exists. REQUIRES: `mutex_` is held.
  void retire(queues::QueueNumber number);
  [[nodiscard]] receivers::ReceiverConfig receiver_config(const StagePlan& stage) const;
  /// Lets the receiver of the stage read the queue. REQUIRES: `mutex_` is held.
  void add_source(const pb::Declaration& queue);
  /// Starts the receiver of an external stage, and adds the stage to `stages`.
  void spawn_external(const StagePlan& stage,
                      std::vector<receivers::ExternalStages::Stage>& stages);
  void spawn_forwarder(const OutboxPlan& outbox);
  [[nodiscard]] queues::OfferHandle target_of(const std::string& queue, std::uint32_t shard) const;
  [[nodiscard]] Result<queues::QueueNumber> find(const std::string& queue, std::uint32_t shard,
                                                 NumbersOfPlan numbers) const;
  /// The declarations of a queue or outbox that the log has and no pipeline names, by shard.
  /// REQUIRES: `mutex_` is held; valid as long.
  [[nodiscard]] std::vector<const pb::Declaration*> unnamed(const std::string& queue) const;
  [[nodiscard]] LocalQueue local(queues::QueueNumber number) const;
  [[nodiscard]] std::vector<queues::QueueHandle> handles_of(
      const std::vector<queues::QueueNumber>& numbers) const;

  Surroundings surroundings_;
  AnyActor reader_;
  mutable std::shared_mutex mutex_;  ///< guards all below; never held in a call of the federation
  NodePlan plan_;
  Asks asks_;
  StageBreakers breakers_;
  std::map<queues::QueueNumber, pb::Declaration> declarations_;
  std::vector<queues::QueueHandle> handles_;  ///< by number; empty: 0 and queues that are gone
  std::vector<bool> takes_dead_letters_;      ///< by number
  std::vector<Forwarder> forwarders_;
  const std::shared_ptr<receivers::SuspectGate> gate_ = std::make_shared<receivers::SuspectGate>();
  std::vector<AnyActor> receivers_;  ///< of the stages, in the order of the plan
  std::shared_ptr<const receivers::ExternalStages> external_stages_;
  bool has_ended_ = false;  ///< end() was called: no actor is started any more
};

}  // namespace millrace
