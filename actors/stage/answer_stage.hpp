// AnswerStage: the handler of a `.then_answer` stage. It gives each message to the node, which knows
// who asked for it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "actors/stage/stage.hpp"

namespace millrace {

class AnswerStage final : public Stage {
 public:
  /// Called with a message that descends from a request. Must neither block nor throw.
  using Give = std::function<void(const std::shared_ptr<const pb::Envelope>&)>;

  explicit AnswerStage(Give give) : give_(std::move(give)) {}

  /// Acks every message. One that nobody asked for, or that is handled again after a crash, when its
  /// asker is gone, leaves the queue all the same: a reply queue does not fill.
  void run(std::span<StageRun> runs) override {
    for (StageRun& one : runs) {
      one.results.assign(one.inputs.size(), {});
      one.next_state.reset();
      one.state_erased = false;
      for (std::size_t i = 0; i < one.inputs.size(); ++i) {
        if (!one.inputs[i].envelope->reply_to().empty()) give_(one.inputs[i].envelope);
        one.results[i].kind = StageResult::Kind::acked;
      }
    }
  }

 private:
  Give give_;
};

}  // namespace millrace
