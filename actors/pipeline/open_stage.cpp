#include "actors/pipeline/open_stage.hpp"

namespace millrace::pipelines {

OpenStage::OpenStage(const PipelineSpec& extended, const std::string& name, const QueueSpec& source,
                     const StageOptions& options)
    : pipeline(extended) {
  stage.name = name;
  stage.source = source;
  stage.options = options;
}

OpenStage::OpenStage(const OpenStage& other) = default;
OpenStage::OpenStage(OpenStage&& other) noexcept = default;
OpenStage::~OpenStage() = default;

PipelineSpec OpenStage::closed(const std::vector<StageTarget>& targets) const {
  PipelineSpec out = pipeline;
  StageSpec& added = out.stages.emplace_back(stage);
  for (const StageTarget& target : targets) added.targets.push_back(target.queue);
  if (make) {
    added.make = [make = make, targets] {
      return make(targets);
    };
  } else if (make_async) {
    added.make_async = [make = make_async, targets] {
      return make(targets);
    };
  }
  return out;
}

}  // namespace millrace::pipelines
