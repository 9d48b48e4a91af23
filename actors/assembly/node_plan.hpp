// NodePlan: which queues, limits and workers a node needs for its pipelines, worked out before any
// actor exists.
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
#include "actors/stage/pipeline_spec.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// One receiver.
struct WorkerPlan {
  std::size_t stage = 0;                     ///< index into NodePlan::stages
  std::vector<std::uint32_t> shards{};       ///< that it serves
  std::vector<queues::QueueNumber> sources;  ///< one for each of `shards`
  std::uint32_t credit = 0;                  ///< messages from each source
};

/// A stage of the wired pipelines, whether this node runs it or not.
struct StagePlan {
  std::shared_ptr<const StageSpec> spec;
  std::shared_ptr<StageMeter> meter;  ///< of all its workers
};

/// An outbox, and the queue that its messages are for: on another node, or on this one where the
/// shard came later than the outbox did.
struct OutboxPlan {
  queues::QueueNumber number = 0;
  std::string queue;
  std::uint32_t shard = 0;
  std::string producer;
};

/// What a queue is in the wired pipelines. Other queues by name.
struct QueuePlan {
  std::string type;
  bool is_dead_letter = false;
  queues::Limits limits;         ///< where this node serves it
  queues::Limits outbox_limits;  ///< of its outbox where another node does
  std::string dead_letters{};    ///< of the stage that reads it; empty: none does
  std::vector<std::string> holds_back{};
  std::vector<std::string> closes{};

  /// By shard: where what this node sends is put. The queue itself, or the outbox, which stays in
  /// between once it is there, as its numbers are what the queue knows the node's messages by. Of
  /// dead letters that another node serves, 0.
  std::vector<queues::QueueNumber> ingresses{};
  /// By shard: the queue, where this node serves it; else 0.
  std::vector<queues::QueueNumber> served{};
};

struct NodePlan {
  std::map<std::string, QueuePlan> queues;
  std::vector<StagePlan> stages;
  std::vector<OutboxPlan> outboxes;
  std::vector<WorkerPlan> workers;
  std::vector<pb::Declaration> fresh;  ///< queues that the log does not know yet, or not as such
  std::vector<queues::QueueNumber> leftover;  ///< copies of shards that never became this node's
  std::string outbox_producer;                ///< begins the names of new outboxes
  std::uint32_t shards = 0;

  /// Gives a queue of this node the limits and the dead letter queue of its stage.
  void configure(queues::State& state, const pb::Declaration& declaration) const;

  /// All queues of one shard, as dead letters name the queue that they came from.
  [[nodiscard]] queues::Origins origins(std::uint32_t shard) const;

  /// Queues to stop while one of `queue` is above its high water.
  [[nodiscard]] std::vector<queues::QueueNumber> held_back_by(const std::string& queue) const;

  /// Queues that take no offers meanwhile: the others of its cycle.
  [[nodiscard]] std::vector<queues::QueueNumber> closed_by(const std::string& queue) const;

  /// By target of the stage, by shard: where its outputs go.
  [[nodiscard]] std::vector<std::vector<queues::QueueNumber>> targets(const StagePlan& stage) const;
};

/// Name of the outboxes for a queue; no queue of a pipeline can be called so.
[[nodiscard]] std::string outbox_name(const std::string& queue);

/// What the queue that it is for knows an outbox by.
[[nodiscard]] std::string outbox_producer_name(const std::string& prefix, const std::string& queue,
                                               std::uint32_t shard);

/// The queue that a declared queue is, or is the outbox for.
[[nodiscard]] std::string queue_of(const pb::Declaration& declaration);

/// Messages that a receiver of `stage` may hold from each of so many sources.
[[nodiscard]] std::uint32_t credit_of(const StageSpec& stage, std::size_t sources);

/// Plans the node, and adds the queues that are new to `store`. Fails with `invalid_argument` where
/// the data directory has another number of shards, a queue carries another type, or the directory
/// holds a shard that is another node's as it seems.
[[nodiscard]] Result<NodePlan> plan_node(const Wiring& wiring,
                                         std::span<const PipelineSpec> pipelines, Store& store,
                                         const RuntimeOptions& options);

}  // namespace millrace
