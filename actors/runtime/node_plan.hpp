// NodePlan: which queues, limits and workers a node needs for its pipelines, worked out before any
// actor exists.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/pipeline/pipeline_spec.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/queue/removal.hpp"
#include "actors/runtime/runtime_options.hpp"
#include "actors/runtime/stage_meter.hpp"
#include "actors/runtime/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// One receiver.
struct WorkerPlan {
  std::shared_ptr<const StageSpec> spec;
  std::vector<std::uint32_t> shards;                        ///< that it serves
  std::vector<queues::QueueNumber> sources;                 ///< one for each of `shards`
  std::vector<std::vector<queues::QueueNumber>> targets{};  ///< by target, by shard
  std::uint32_t credit = 0;                                 ///< messages from each source
  std::shared_ptr<StageMeter> meter{};                      ///< of all workers of the stage
};

/// An outbox, and the queue on another node that its messages are for.
struct OutboxPlan {
  queues::QueueNumber number = 0;
  std::string queue;
  std::uint32_t shard = 0;
  std::string producer;
};

struct NodePlan {
  /// By queue name, by shard. Of a shard that another node serves: the outbox; of dead letters, 0.
  std::map<std::string, std::vector<queues::QueueNumber>> numbers;
  std::vector<OutboxPlan> outboxes;
  std::vector<pb::Declaration> fresh;  ///< queues that the log does not know yet, or not as such
  std::vector<WorkerPlan> workers;
  std::map<queues::QueueNumber, queues::Limits> limits;
  std::map<queues::QueueNumber, queues::QueueNumber> dead_letters;
  std::map<queues::QueueNumber, std::vector<queues::QueueNumber>> held_back;
  std::map<queues::QueueNumber, std::vector<queues::QueueNumber>> cycles;

  /// Gives a recovered queue the limits and the dead letter queue of its stage.
  void configure(queues::State& state) const;

  /// All queues of one shard, as dead letters name the queue that they came from.
  [[nodiscard]] queues::Origins origins(std::uint32_t shard) const;

  /// Whether it is a queue that this node serves, and not an outbox.
  [[nodiscard]] bool is_served(queues::QueueNumber number) const;

  /// Queues to stop while `number` is above its high water.
  [[nodiscard]] const std::vector<queues::QueueNumber>& holds_back(
      queues::QueueNumber number) const;

  /// Queues that take no offers meanwhile: the others of its cycle.
  [[nodiscard]] const std::vector<queues::QueueNumber>& closes(queues::QueueNumber number) const;
};

/// Name of the outboxes for a queue; no queue of a pipeline can be called so.
[[nodiscard]] std::string outbox_name(const std::string& queue);

/// Plans the node, and adds the queues that are new to `store`. Fails with `invalid_argument` where
/// the data directory has another number of shards, or a queue carries another type.
[[nodiscard]] Result<NodePlan> plan_node(const Wiring& wiring,
                                         std::span<const PipelineSpec> pipelines, Store& store,
                                         const RuntimeOptions& options);

}  // namespace millrace
