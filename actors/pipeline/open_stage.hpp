// OpenStage: a stage of a chain whose targets are not named yet.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/stage/async_handler_stage.hpp"
#include "actors/stage/batch_stage.hpp"
#include "actors/stage/handler_shape.hpp"
#include "actors/stage/handler_stage.hpp"
#include "actors/stage/pipeline_spec.hpp"

namespace millrace::pipelines {

/// A stage, the function that makes its workers once the targets are known, and the pipeline that
/// the stage extends.
struct OpenStage {
  using Make = std::function<std::unique_ptr<Stage>(const std::vector<StageTarget>&)>;
  using MakeAsync = std::function<std::unique_ptr<AsyncStage>(const std::vector<StageTarget>&)>;

  // Compiled once, and not in each program.
  OpenStage(const PipelineSpec& extended, const std::string& name, const QueueSpec& source,
            const StageOptions& options);
  OpenStage(const OpenStage& other);
  OpenStage(OpenStage&& other) noexcept;
  OpenStage& operator=(const OpenStage& other) = delete;
  OpenStage& operator=(OpenStage&& other) = delete;
  ~OpenStage();

  PipelineSpec pipeline;
  StageSpec stage;
  // One of them is set, unless the stage is external.
  Make make{};
  MakeAsync make_async{};

  /// Returns the pipeline with this stage appended, which writes to `targets`.
  [[nodiscard]] PipelineSpec closed(const std::vector<StageTarget>& targets) const;
};

/// Sets the function that makes a Stage, or an AsyncStage, for a Handler. `handler`: empty to
/// default-construct it, or one object that is copied into each stage.
template <class Handler, class... From>
void set_maker(OpenStage& open, const From&... handler) {
  if constexpr (HandlerShape<Handler>::is_async) {
    open.make_async = [handler...](const std::vector<StageTarget>& targets) {
      return std::make_unique<AsyncHandlerStage<Handler>>(targets, handler...);
    };
  } else if constexpr (HandlerShape<Handler>::is_batch) {
    open.make = [handler...](const std::vector<StageTarget>& targets) {
      return std::make_unique<BatchStage<Handler>>(targets, handler...);
    };
  } else {
    open.make = [handler...](const std::vector<StageTarget>& targets) {
      return std::make_unique<HandlerStage<Handler>>(targets, handler...);
    };
  }
}

}  // namespace millrace::pipelines
