// NodePlan: the queues, limits and outboxes that a node needs for its pipelines. Planned
// before any actor exists; NodeActors keeps it up to date as shards move.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/assembly/stage_meter.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/queue/decide/removal.hpp"
#include "actors/queue/decide/suspicion.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// A stage of the pipelines, whether this node runs it or not.
struct StagePlan {
  std::string pipeline;
  std::shared_ptr<const StageSpec> spec;
  std::shared_ptr<StageMeter> meter;  ///< shared by all its workers
};

/// An outbox and its target: a queue of another node, or of this one if the shard moved here after
/// the outbox was created.
struct OutboxPlan {
  queues::QueueNumber number = 0;
  std::string queue;
  std::uint32_t shard = 0;
  std::string producer;
  std::vector<queues::OutboxGeneration> generations{};  ///< as in AttachRequest
};

/// A queue of the pipelines, in all shards. Names other queues by name.
struct QueuePlan {
  std::string type;
  std::string state_type{};  ///< of the stage that reads it; empty: no stage, or without state
  std::shared_ptr<const pb::QueueDefinition> definition{};  ///< as StageSpec::definition
  bool is_dead_letter = false;
  bool keeps_topics = false;
  queues::Limits limits;         ///< of the queue, in shards that this node serves
  queues::Limits outbox_limits;  ///< of its outbox, in other shards
  std::string dead_letters{};    ///< dead letter queue of the stage that reads it; empty: no stage
  std::vector<std::string>
      holds_back{};                   ///< queues that lease nothing while it is above high water
  std::vector<std::string> closes{};  ///< queues that refuse offers meanwhile

  /// By shard: the queue or outbox that this node's producers append to. An outbox that exists
  /// stays the ingress when the shard moves here, because its numbers identify the messages to the
  /// queue. 0: a dead letter queue of another node.
  std::vector<queues::QueueNumber> ingresses{};
  /// By shard: the queue if this node serves it, else 0.
  std::vector<queues::QueueNumber> served{};
};

struct NodePlan {
  std::map<std::string, QueuePlan> queues;
  std::vector<StagePlan> stages;
  std::vector<OutboxPlan> outboxes;
  std::vector<pb::Declaration> fresh;  ///< declarations that the log lacks, or has in another form
  std::vector<pb::Suspect> suspects;   ///< see add_suspects()
  std::vector<queues::QueueNumber> leftover;     ///< staged queues of moves that did not complete
  std::vector<pb::ShardRecord> shard_records{};  ///< as returned by Federation::recovered()
  std::map<std::string, std::string> former;     ///< former names of queues, and the present ones
  std::string outbox_producer;                   ///< prefix of the producer names of new outboxes
  queues::Limits default_limits{};               ///< of queues without limits of their own
  std::uint32_t shards = 0;
  std::uint64_t generation = 0;  ///< as in RuntimeOptions
  bool accepts_loss = false;     ///< as in RuntimeOptions

  /// Adds a queue that an external stage reads, its dead letters and the stage. This node has none of
  /// their shards yet. REQUIRES: neither queue is planned.
  void define(const StageSpec& stage, const std::string& pipeline);

  /// What the log has to say of a shard of a planned queue. The caller sets number and outbox.
  [[nodiscard]] pb::Declaration declaration(const std::string& queue, std::uint32_t shard) const;

  /// Sets the limits and the dead letter queue of a queue of this node.
  void configure(queues::State& state, const pb::Declaration& declaration) const;

  /// The ingresses of one shard, by the queue name that dead letters have as their origin.
  [[nodiscard]] queues::Origins origins(std::uint32_t shard) const;

  /// Served queues that lease nothing while `queue` is above its high water.
  [[nodiscard]] std::vector<queues::QueueNumber> held_back_by(const std::string& queue) const;

  /// Served queues that refuse offers meanwhile: the other queues of its cycle.
  [[nodiscard]] std::vector<queues::QueueNumber> closed_by(const std::string& queue) const;

  /// By target of the stage, then by shard: the ingress that its outputs are appended to.
  [[nodiscard]] std::vector<std::vector<queues::QueueNumber>> targets(const StagePlan& stage) const;
};

/// The name of the outboxes for a queue; no queue of a pipeline can have it.
[[nodiscard]] std::string outbox_name(const std::string& queue);

/// The producer name under which an outbox offers its messages.
[[nodiscard]] std::string outbox_producer_name(const std::string& prefix, const std::string& queue,
                                               std::uint32_t shard);

/// The name of the declared queue, or of the target if it is an outbox.
[[nodiscard]] std::string queue_of(const pb::Declaration& declaration);

/// Messages that the receiver of `stage` with this many sources may hold from each.
[[nodiscard]] std::uint32_t credit_of(const StageSpec& stage, std::size_t sources);

/// Plans the node, adds its new queues to `store`, and begins the generation in its outboxes. Fails
/// with `invalid_argument` if the data directory has another number of shards, another type in a
/// queue or in its keyed state, or messages or states that the present schema of their type would
/// read wrongly.
[[nodiscard]] Result<NodePlan> plan_node(const Wiring& wiring,
                                         std::span<const PipelineSpec> pipelines, Store& store,
                                         const RuntimeOptions& options);

/// Words that a RunningTable needs for all workers of the stages.
[[nodiscard]] std::size_t running_words(const NodePlan& plan);

/// Notes in `plan` and `store` which messages were handled when the process ended: see
/// queues::decide_suspects().
void add_suspects(NodePlan& plan, Store& store, std::span<const queues::InterruptedCall> calls,
                  bool drained);

/// The records that must be durable, in this order, before the queues of `plan` are used: they
/// keep the shard records, in `store` too, note the suspects, declare the new queues, retire the leftover ones, which are
/// erased from `store`, and begin the generation. Empty: there is nothing to record.
[[nodiscard]] std::vector<std::shared_ptr<const pb::Record>> start_records(const NodePlan& plan,
                                                                           Store& store,
                                                                           TimeUs now_us);

}  // namespace millrace
