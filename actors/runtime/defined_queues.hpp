// DefinedQueues: the pipelines of a node, with the queues that operators define while nodes run. The definition of a
// queue is in the log of each node of the cluster, in the declarations of its queues and outboxes.
//
//   define() ─▶ stage, without shards ─▶ each shard: declarations in the log ─▶ queues or outboxes ─▶ done
//   start    ─▶ declarations of the log ─▶ recovered() ─▶ pipelines, as if they had been configured
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "actors/assembly/federation.hpp"
#include "actors/assembly/node_actors.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace {

/// Makes the stage by which workers lease the messages of a defined queue. Fails with `invalid_argument`.
using MakeDefinedStage = std::function<Result<StageSpec>(const pb::QueueDefinition&)>;

/// Thread-safe once connect() has returned.
class DefinedQueues {
 public:
  /// Of a cluster.
  static constexpr std::size_t queues_max = 1'000;

  using Done = std::function<void(Result<void>)>;

  explicit DefinedQueues(std::vector<PipelineSpec> pipelines) : pipelines_(std::move(pipelines)) {}

  /// Adds the queues that the log defines and no pipeline names. Fails as `make`, or with
  /// `invalid_argument`: a pipeline has what such a queue needs.
  [[nodiscard]] Result<void> recovered(const std::vector<pb::Declaration>& declarations,
                                       MakeDefinedStage make);

  /// What plan_node() takes, with the queues that keep topics. Fails as add_topic_queues().
  [[nodiscard]] Result<Wiring> wiring(const std::set<std::string>& topic_queues) const;

  /// `federation` is null where this node is no part of a cluster. Both outlive the callbacks of define().
  void connect(NodeActors& actors, Federation* federation) {
    actors_ = &actors;
    federation_ = federation;
  }

  /// Defines a queue on this node; the other nodes must define it, too. `done` is called once, when the log has
  /// all that this node needs for it, perhaps before define() returns; or, if the node stops first, never. A shard
  /// without an owner, or one that moves, gets the queue later, and `done` waits for it. A definition that is
  /// known succeeds. Fails with `invalid_argument`: the definition, its name (another queue has it),
  /// too many queues; or with `draining`.
  void define(const pb::QueueDefinition& definition, Done done);

  /// Whether it is a defined queue, or one of the dead letters of one, that this node can use.
  [[nodiscard]] bool is_ready(const std::string& queue) const;

  /// Whether this very definition was given to define() or recovered().
  [[nodiscard]] bool knows(const pb::QueueDefinition& definition) const;

  /// With the queues that are defined by now.
  [[nodiscard]] std::vector<PipelineSpec> pipelines() const;
  [[nodiscard]] std::vector<pb::QueueDefinition> definitions() const;

 private:
  /// REQUIRES: `mutex_` is held.
  [[nodiscard]] const StageSpec* find(const std::string& queue) const;
  [[nodiscard]] bool is_named(const std::string& queue) const;
  void add(StageSpec stage);
  /// Tells those who wait for the queue, if the node has all its shards.
  void settle(const std::string& queue);

  MakeDefinedStage make_{};
  NodeActors* actors_ = nullptr;
  Federation* federation_ = nullptr;
  mutable std::mutex mutex_;  ///< guards all below
  std::vector<PipelineSpec> pipelines_;
  std::size_t defined_ = 0;
  std::multimap<std::string, Done>
      waiting_{};  ///< by queue: who waits until the node has all shards
};

}  // namespace millrace
