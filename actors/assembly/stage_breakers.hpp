// StageBreakers: the breakers of a node's stages.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/assembly/node_plan.hpp"
#include "actors/assembly/stage_counts.hpp"
#include "actors/queue/shell/stage_breaker.hpp"

namespace millrace {

/// Thread-safe, but for add().
class StageBreakers {
 public:
  /// A breaker for each stage of the plan. `wake` is called with the queue that a stage reads when its
  /// breaker may let messages through, on the thread of any queue.
  StageBreakers(const NodePlan& plan, std::function<void(const std::string& queue)> wake);

  /// Another stage gets a breaker. Nobody else may use this meanwhile.
  void add(const StagePlan& stage);

  /// Of the stage that reads `queue`; null: none does, or it has no breaker.
  [[nodiscard]] std::shared_ptr<queues::StageBreaker> of(const std::string& queue) const;

  /// The log says what the breaker was when the node ended: one that was open is open again.
  void recovered(const queues::State& state, SteadyUs now_us) const;

  [[nodiscard]] StageCounts::Breaker view(const std::string& queue) const;

 private:
  const std::function<void(const std::string& queue)> wake_;
  std::map<std::string, std::shared_ptr<queues::StageBreaker>> by_queue_;
};

}  // namespace millrace
