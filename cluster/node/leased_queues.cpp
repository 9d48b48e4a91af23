#include "cluster/node/leased_queues.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/names.hpp"
#include "actors/receiver/shell/external_stages.hpp"
#include "cluster/node/value_queue.hpp"

namespace millrace::cluster {
namespace {

using config::QueueConfig;

class LeasedQueues {
 public:
  LeasedQueues(std::span<const PipelineSpec> pipelines, std::span<const QueueConfig> queues)
      : pipelines_(pipelines), queues_(queues) {}

  Result<StageSpec> stage(const QueueConfig& queue) const {
    const auto source = known_queue(queue.name, pipelines_, queues_);
    if (!source) {
      return wrong(queue, "no pipeline names the queue, and it has no type: expected `type`");
    }
    StageSpec stage;
    stage.name = queue.name;
    stage.source = *source;
    stage.is_external = true;
    stage.is_keyed = source->key_of != nullptr;
    for (const PipelineSpec& pipeline : pipelines_) {
      for (const StageSpec& other : pipeline.stages) {
        if (other.source.name == queue.name) {
          return wrong(queue, "expected a queue that no stage reads, but stage " + other.name +
                                  " of pipeline " + pipeline.name + " reads it");
        }
        stage.is_keyed = stage.is_keyed || (other.is_keyed && writes_to(other, queue.name));
      }
    }
    for (const std::string& output : queue.outputs) {
      const auto target = known_queue(output, pipelines_, queues_);
      if (!target) return unknown_output(queue, output);
      stage.targets.push_back(*target);
    }
    stage.keeps_state = stage.is_keyed;
    if (stage.keeps_state) stage.state_type = external_state_type;
    return stage;
  }

 private:
  static bool writes_to(const StageSpec& stage, const std::string& queue) {
    for (const QueueSpec& target : stage.targets) {
      if (target.name == queue) return true;
    }
    return false;
  }

  static Error wrong(const QueueConfig& queue, const std::string& what) {
    return {ErrorCode::invalid_argument, "queue " + queue.name + ", leases: " + what};
  }

  [[nodiscard]] Error unknown_output(const QueueConfig& queue, const std::string& output) const {
    std::set<std::string> names;
    for (const PipelineSpec& pipeline : pipelines_) {
      for (const StageSpec& stage : pipeline.stages) {
        names.insert(stage.source.name);
        for (const QueueSpec& target : stage.targets) names.insert(target.name);
      }
    }
    for (const QueueConfig& each : queues_) {
      if (each.type) names.insert(each.name);
    }
    const std::string near =
        nearest_word(output, std::vector<std::string>(names.begin(), names.end()));
    return {ErrorCode::invalid_argument, "queue " + queue.name +
                                             ", outputs: no pipeline names queue " + output +
                                             ", and it has no [[queue]] with `type`" +
                                             (near.empty() ? "" : "; did you mean " + near + "?")};
  }

  std::span<const PipelineSpec> pipelines_;
  std::span<const QueueConfig> queues_;
};

}  // namespace

Result<std::optional<PipelineSpec>> lease_queues(std::span<const PipelineSpec> pipelines,
                                                 std::span<const config::QueueConfig> queues) {
  PipelineSpec leased{receivers::leased_queues, {}};
  for (const QueueConfig& queue : queues) {
    if (!queue.leases) continue;
    auto stage = LeasedQueues(pipelines, queues).stage(queue);
    if (!stage) return stage.error();
    leased.stages.push_back(*std::move(stage));
  }
  if (leased.stages.empty()) return std::optional<PipelineSpec>();
  for (const PipelineSpec& pipeline : pipelines) {
    if (pipeline.name != leased.name) continue;
    return Error{ErrorCode::invalid_argument,
                 "pipeline " + leased.name +
                     ": expected another name, as the stages of the queues with `leases` are in "
                     "the pipeline of this name"};
  }
  return std::optional(std::move(leased));
}

}  // namespace millrace::cluster
