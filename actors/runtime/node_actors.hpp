// NodeActors: the queues and receivers of one node as actors, wired as planned. A node and a test
// bring them to life in the same way; they differ in the log, the clock and the scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/forwarder/forwarder_actor.hpp"
#include "actors/queue/queue_messages.hpp"
#include "actors/queue/record_log.hpp"
#include "actors/receiver/receiver_actor.hpp"
#include "actors/runtime/federation.hpp"
#include "actors/runtime/node_plan.hpp"
#include "actors/runtime/operation.hpp"
#include "actors/runtime/store.hpp"
#include "actors/sender/outbound.hpp"
#include "messages/result.hpp"

namespace millrace {

class NodeActors {
 public:
  /// What the actors work with; all of it outlives them.
  struct Surroundings {
    caf::actor_system* system = nullptr;
    queues::RecordLog* log = nullptr;
    const Clock* clock = nullptr;
    std::uint64_t seed = 0;
    bool threads = true;  ///< stages that may block get threads of their own
    /// What stands for a shard that another node serves; needed where there is one.
    std::function<queues::OfferHandle(const std::string& queue, std::uint32_t shard)> remote{};
    /// Called when a queue's actor ended though nobody told it to: the node must stop.
    std::function<void(const std::string& queue)> queue_ended{};
  };

  NodeActors(Surroundings surroundings, NodePlan plan)
      : surroundings_(std::move(surroundings)), plan_(std::move(plan)) {}

  /// Takes the recovered queues out of `store`. `reader` may be invalid: see QueueActorConfig.
  void spawn_queues(Store& store, const caf::actor& reader);
  void spawn_receivers();
  /// Begins to bring what is in the outboxes to where it belongs.
  void spawn_forwarders();

  /// Brings committed changes to their queue.
  void deliver(queues::QueueNumber number,
               std::shared_ptr<const std::vector<queues::CommittedChange>> changes);

  /// A sender into a queue; `outbound` is the client's side of it. Fails with `not_found`, or with
  /// `invalid_argument` where the queue carries another type.
  [[nodiscard]] Result<caf::actor> spawn_sender(const std::string& queue, const std::string& type,
                                                const SenderOptions& options,
                                                std::shared_ptr<senders::Outbound> outbound);

  /// The queue, where this node serves that shard of it; else null.
  [[nodiscard]] LocalQueue local(const std::string& queue, std::uint32_t shard) const;

  /// Begins an operation on the live messages that this node serves of a queue; `done` is called
  /// once, on an actor's thread. `reader` as in spawn_queues(). Fails with `not_found`, or with
  /// `invalid_argument` where letters should be put back from a queue that takes none, or messages
  /// taken out of an outbox.
  [[nodiscard]] Result<void> operate(const std::string& queue, const caf::actor& reader,
                                     Operation operation,
                                     std::function<void(OperationResult)> done);

  /// Outboxes bring away what they hold, as far as their targets take it.
  void flush();
  /// What is under way to other nodes returns to its outbox.
  void give_back();

  /// Tells receivers and forwarders, then queues, to end.
  void end();

  [[nodiscard]] const NodePlan& plan() const { return plan_; }
  [[nodiscard]] const std::vector<pb::Declaration>& declarations() const { return declarations_; }
  [[nodiscard]] const queues::QueueHandle& handle(queues::QueueNumber number) const {
    return handles_[number];
  }

 private:
  [[nodiscard]] bool takes_letters(const std::string& queue) const;
  [[nodiscard]] std::vector<queues::QueueHandle> handles_of(
      const std::vector<queues::QueueNumber>& numbers) const;

  Surroundings surroundings_;
  NodePlan plan_;
  std::vector<pb::Declaration> declarations_;
  std::vector<queues::QueueHandle> handles_;  ///< by number; 0 is empty
  std::vector<caf::actor> forwarders_;
  caf::actor supervisor_;  ///< of all receivers
};

}  // namespace millrace
