// BatchStage: the Stage of a handler that takes a batch of messages of different keys.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/base/assert.hpp"
#include "actors/stage/handler_stage.hpp"

namespace millrace::pipelines {

/// Calls the handler once for all messages that can be parsed; the others are rejected, or failed
/// if their stored state cannot be parsed. If the handler throws, or returns another number of
/// results, every message of the batch has failed. If no message is left, the handler is not
/// called.
template <class Handler>
class BatchStage final : public Stage {
  using Shape = HandlerShape<Handler>;
  using Input = typename Shape::Input;
  using State = typename Shape::State;
  using Item = BatchItem<Input, State>;

 public:
  /// `handler`: empty to default-construct the handler, or one object to copy, or a MadeBy.
  template <class... From>
  explicit BatchStage(std::vector<StageTarget> targets, const From&... handler)
      : handler_(new_handler<Handler>(handler...)), writer_(std::move(targets)) {}

  /// Requires: each run has exactly one input.
  void run(std::span<StageRun> runs) override {
    gather(runs);
    if (items_.empty()) return;
    try {
      call();
    } catch (...) {
      fail_all(exception_text());
    }
    if constexpr (Shape::is_keyed) {
      finish_states();
    } else {
      for (StageRun* member : members_) {
        limit_outcome<Input>(member->inputs.front(), member->results.front());
      }
    }
    items_.clear();
  }

 private:
  void gather(std::span<StageRun> runs) {
    items_.clear();
    members_.clear();
    if (inputs_.size() < runs.size()) inputs_.resize(runs.size());
    if constexpr (Shape::is_keyed) {
      if (states_.size() < runs.size()) states_.resize(runs.size());
    }
    for (StageRun& one : runs) {
      MILLRACE_ASSERT(one.inputs.size() == 1);
      reset_results(one);
      add(one);
    }
  }

  void add(StageRun& run) {
    const std::size_t place = items_.size();
    StageResult& result = run.results.front();
    const StageInput& input = run.inputs.front();
    if constexpr (Shape::is_keyed) {
      if (run.key.empty()) return set_rejected(result, missing_key());
      states_[place].begin(run);
      if (states_[place].is_damaged()) {
        return set_failed(result, unreadable_state(wire::prototype<State>()));
      }
      states_[place].begin_message();
    }
    if (!parse_input(input, inputs_[place], result)) return;
    if constexpr (Shape::is_keyed) {
      items_.push_back({inputs_[place], states_[place].keyed(), input.context});
    } else {
      items_.push_back({inputs_[place], input.context});
    }
    members_.push_back(&run);
  }

  void call() {
    if constexpr (std::is_void_v<typename Shape::Return>) {
      handler_(Batch<Input, State>(items_));
      for (StageRun* member : members_) OutcomeWriter::write_done(member->results.front());
    } else {
      auto returned = handler_(Batch<Input, State>(items_));
      if (returned.size() != items_.size()) {
        return fail_all("the batch handler returned " + std::to_string(returned.size()) +
                        " outcomes for " + std::to_string(items_.size()) + " messages");
      }
      for (std::size_t i = 0; i < returned.size(); ++i) {
        write(returned[i], members_[i]->results.front());
      }
    }
  }

  /// A key function that throws fails its message, not the batch.
  template <class Returned>
  void write(Returned& returned, StageResult& result) {
    try {
      writer_.write(returned, result);
    } catch (...) {
      set_failed(result, exception_text());
    }
  }

  void fail_all(const std::string& reason) {
    for (StageRun* member : members_) set_failed(member->results.front(), reason);
  }

  void finish_states() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      StageResult& result = members_[i]->results.front();
      if (result.kind == StageResult::Kind::acked) states_[i].keep(result);
      limit_outcome<Input>(members_[i]->inputs.front(), result);
      if (result.kind != StageResult::Kind::acked) states_[i].undo();
      states_[i].finish(*members_[i]);
    }
  }

  using States = std::conditional_t<Shape::is_keyed,
                                    std::deque<typename StateCarrier<State, Input>::Type>, NoState>;

  Handler handler_;
  OutcomeWriter writer_;
  std::deque<Input>
      inputs_;               ///< by index in items_, which refers to them; reused by the next batch
  States states_;            ///< by index in items_, as inputs_
  std::vector<Item> items_;  ///< the batch
  std::vector<StageRun*> members_;  ///< the run of each of items_
};

}  // namespace millrace::pipelines
