// HandlerStage: the Stage of a handler that takes one message at a time.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "actors/stage/handler_shape.hpp"
#include "actors/stage/keyed_run.hpp"
#include "actors/stage/made_by.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "actors/stage/outcome_writer.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::pipelines {

/// Takes the place of KeyedRun in a stage without state.
struct NoState {};

template <class State, class Input>
struct StateCarrier {
  using Type = KeyedRun<State, Input>;
};
template <class Input>
struct StateCarrier<void, Input> {
  using Type = NoState;
};

/// Returns what() of the current exception. Requires: called in a catch block.
[[nodiscard]] std::string exception_text();

/// Reasons of results that HandlerStage and BatchStage share.
[[nodiscard]] std::string unreadable_state(const google::protobuf::MessageLite& prototype);
[[nodiscard]] std::string missing_key();

/// Reads the payload into `message`. Returns false and rejects the message if the payload is not
/// of that type, because no retry can mend it.
template <Message In>
[[nodiscard]] bool parse_input(const StageInput& input, In& message, StageResult& result) {
  std::string why;
  if (wire::parse(input.envelope->payload(), message, why)) return true;
  set_rejected(result, "the payload is " + why);
  return false;
}

/// Estimates the bytes that an acked `result` takes in a record, with what it inherits.
[[nodiscard]] std::size_t outcome_bytes(const pb::Envelope& input, const StageResult& result);

/// Turns an acked `result` into a failed one if an output or timer is larger than a message may be,
/// if a timer has another type than `taken`, that of the messages which the stage takes, or if all of it
/// exceeds outcome_bytes_max. `prototype`: of what travels of them. REQUIRES: `result` has its history and timers.
void limit_outcome(const StageInput& input, const std::type_info& taken,
                   const google::protobuf::MessageLite& prototype, StageResult& result);
template <Message In>
void limit_outcome(const StageInput& input, StageResult& result) {
  limit_outcome(input, typeid(In), wire::prototype<In>(), result);
}

/// Estimates the bytes that a message and its outcome take in the record of their run. The message
/// is included, because it may become a dead letter in that record.
[[nodiscard]] std::size_t run_bytes_of(const StageInput& input, const StageResult& result);

/// Gives `run` one not_run result for each input, and no change of state.
void reset_results(StageRun& run);

/// For each message of a run: parses the payload, calls the handler with the state of the key, and
/// serializes the result. A run ends early when a message is to be retried, when the outcomes
/// exceed run_bytes, or when a quarter of the lease is spent; the rest is leased again.
template <class Handler>
class HandlerStage final : public Stage {
  using Shape = HandlerShape<Handler>;
  using Input = typename Shape::Input;
  using State = typename Shape::State;

 public:
  /// `handler`: empty to default-construct the handler, or one object to copy, or a MadeBy.
  template <class... From>
  explicit HandlerStage(std::vector<StageTarget> targets, const From&... handler)
      : handler_(new_handler<Handler>(handler...)), writer_(std::move(targets)) {}

  void run(std::span<StageRun> runs) override {
    for (StageRun& one : runs) run_key(one);
  }

 private:
  void run_key(StageRun& run) {
    reset_results(run);
    if constexpr (Shape::is_keyed) state_.begin(run);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < run.inputs.size(); ++i) {
      if (i > 0 && (bytes > run_bytes || !run.inputs[i].context.has_time())) break;
      StageResult& result = run.results[i];
      run_message(run, run.inputs[i], result);
      if (result.kind != StageResult::Kind::acked && result.kind != StageResult::Kind::rejected) {
        break;
      }
      bytes += run_bytes_of(run.inputs[i], result);
    }
    if constexpr (Shape::is_keyed) state_.finish(run);
  }

  void run_message(const StageRun& run, const StageInput& input, StageResult& result) {
    if constexpr (Shape::is_keyed) {
      if (run.key.empty()) return set_rejected(result, missing_key());
      if (state_.is_damaged())
        return set_failed(result, unreadable_state(wire::prototype<State>()));
      state_.begin_message();
    }
    if (!parse_input(input, input_, result)) return;
    try {
      call(input.context, result);
    } catch (...) {
      set_failed(result, exception_text());
    }
    if constexpr (!Shape::is_keyed) {
      limit_outcome<Input>(input, result);
    } else {
      if (result.kind == StageResult::Kind::acked) state_.keep(result);
      limit_outcome<Input>(input, result);
      if (result.kind != StageResult::Kind::acked) state_.undo();
    }
  }

  void call(const Context& context, StageResult& result) {
    if constexpr (std::is_void_v<typename Shape::Return>) {
      invoke(context);
      OutcomeWriter::write_done(result);
    } else {
      auto returned = invoke(context);
      writer_.write(returned, result);
    }
  }

  decltype(auto) invoke(const Context& context) {
    const Input& input = input_;
    if constexpr (Shape::is_keyed && Shape::wants_context) {
      return handler_(input, state_.keyed(), context);
    } else if constexpr (Shape::is_keyed) {
      return handler_(input, state_.keyed());
    } else if constexpr (Shape::wants_context) {
      return handler_(input, context);
    } else {
      return handler_(input);
    }
  }

  Handler handler_;
  OutcomeWriter writer_;
  Input input_;  ///< reused, so that its memory is allocated once
  typename StateCarrier<State, Input>::Type state_;
};

}  // namespace millrace::pipelines
