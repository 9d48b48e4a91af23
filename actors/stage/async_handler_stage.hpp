// AsyncHandlerStage: the AsyncStage of a handler that returns Pending.
#pragma once

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "actors/stage/async_stage.hpp"
#include "actors/stage/handler_shape.hpp"
#include "actors/stage/handler_stage.hpp"
#include "actors/stage/outcome_writer.hpp"
#include "actors/stage/pending.hpp"

namespace millrace::pipelines {

/// Parses the payload and calls the handler; serializes the outcome when it is there.
template <class Handler>
class AsyncHandlerStage final : public AsyncStage {
  using Shape = HandlerShape<Handler>;
  using Input = typename Shape::Input;
  using Out = typename Shape::Return::Result;

 public:
  /// `handler`: empty to default-construct the handler, or one object to copy, or a MadeBy.
  template <class... From>
  explicit AsyncHandlerStage(std::vector<StageTarget> targets, const From&... handler)
      : handler_(new_handler<Handler>(handler...)), writer_(std::move(targets)) {}

  [[nodiscard]] std::unique_ptr<AsyncCall> begin(const StageInput& input,
                                                 StageResult& result) override {
    if (!parse_input(input, input_, result)) return nullptr;
    try {
      return std::make_unique<Call>(writer_, invoke(input.context).state());
    } catch (...) {
      set_failed(result, exception_text());
      return nullptr;
    }
  }

 private:
  class Call final : public AsyncCall {
   public:
    Call(const OutcomeWriter& writer, std::shared_ptr<PendingState<Out>> state)
        : writer_(writer), state_(std::move(state)) {}

    void start(std::shared_ptr<LeaseControl> lease, std::function<void()> ready) override {
      state_->start(std::move(lease), std::move(ready));
    }
    void end() override { state_->end(); }

    void finish(const StageInput& input, StageResult& result) override {
      auto value = state_->take();
      if (const auto* failure = std::get_if<HandlerFailure>(&value)) {
        return set_failed(result, failure->reason);
      }
      try {
        writer_.write(std::get<Outcome<Out>>(value), result);
      } catch (...) {
        return set_failed(result, exception_text());
      }
      limit_outcome<Input>(input, result);
    }

   private:
    const OutcomeWriter& writer_;  ///< of the stage
    std::shared_ptr<PendingState<Out>> state_;
  };

  auto invoke(const Context& context) {
    const Input& input = input_;
    if constexpr (Shape::wants_context) {
      return handler_(input, context);
    } else {
      return handler_(input);
    }
  }

  Handler handler_;
  OutcomeWriter writer_;
  Input input_;  ///< reused, so that its memory is allocated once
};

}  // namespace millrace::pipelines
