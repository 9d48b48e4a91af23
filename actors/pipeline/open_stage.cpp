#include "actors/pipeline/open_stage.hpp"

#include <utility>

namespace millrace::pipelines {

PipelineSpec OpenStage::closed(const std::vector<StageTarget>& targets) const {
  PipelineSpec out = pipeline;
  StageSpec& added = out.stages.emplace_back(stage);
  for (const StageTarget& target : targets) added.targets.push_back(target.queue);
  added.make = [make = make, targets] {
    return make(targets);
  };
  return out;
}

}  // namespace millrace::pipelines
