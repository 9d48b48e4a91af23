// OpenStage: a stage of a chain whose targets are not named yet.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/stage/batch_stage.hpp"
#include "actors/stage/handler_shape.hpp"
#include "actors/stage/handler_stage.hpp"
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::pipelines {

/// A stage, the function that makes its workers once the targets are known, and the pipeline that
/// the stage extends.
struct OpenStage {
  using Make = std::function<std::unique_ptr<Stage>(const std::vector<StageTarget>&)>;

  PipelineSpec pipeline;
  StageSpec stage;
  Make make;  ///< empty: the stage is external

  /// Returns the pipeline with this stage appended, which writes to `targets`.
  [[nodiscard]] PipelineSpec closed(const std::vector<StageTarget>& targets) const {
    PipelineSpec out = pipeline;
    StageSpec& added = out.stages.emplace_back(stage);
    for (const StageTarget& target : targets) added.targets.push_back(target.queue);
    if (!make) return out;  // external
    added.make = [make = make, targets] {
      return make(targets);
    };
    return out;
  }
};

/// Returns a function that makes a Stage for a Handler. `handler`: empty to default-construct it,
/// or one object that is copied into each stage.
template <class Handler, class... From>
[[nodiscard]] OpenStage::Make stage_maker(const From&... handler) {
  return [handler...](const std::vector<StageTarget>& targets) -> std::unique_ptr<Stage> {
    if constexpr (HandlerShape<Handler>::is_batch) {
      return std::make_unique<BatchStage<Handler>>(targets, handler...);
    } else {
      return std::make_unique<HandlerStage<Handler>>(targets, handler...);
    }
  };
}

}  // namespace millrace::pipelines
