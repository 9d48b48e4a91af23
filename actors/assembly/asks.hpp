// Asks: requests of this node that wait for their reply, and how the reply finds its way to them.
//
//   request, with Envelope.reply_to ─▶ stages, whose outputs inherit it ─▶ reply queue ─▶ AnswerStage ─▶ asker
//                                             └─▶ dead letter queue ─▶ asker
//
// In the reply queue, reply_to is the key. The asker chooses one whose shard its own node serves, so that
// the reply comes to this node, whichever nodes the stages ran on.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/assembly/node_plan.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/sender/question.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Part of NodeActors. Functions that do not start or end it are thread-safe.
class Asks {
 public:
  /// Notes which queues of `plan` are reply queues.
  explicit Asks(const NodePlan& plan);

  void start(ActorSystem& system, const Clock& clock);
  /// Questions that wait fail with `draining`.
  void end();

  /// Whether an asker may wait for messages of `type` in `queue`. Fails with `not_found` (no stage
  /// `.then_answer` reads the queue) or `invalid_argument` (another type).
  [[nodiscard]] Result<void> check(const std::string& queue, const std::string& type) const;

  /// For each target of the stage: whether it is a reply queue.
  [[nodiscard]] std::vector<bool> reply_targets(const StageSpec& stage) const;

  /// `stage`, and if it is an answer, with the handlers that answer here.
  [[nodiscard]] std::shared_ptr<const StageSpec> with_handlers(
      const std::shared_ptr<const StageSpec>& stage) const;

  /// Waits for the reply to a request that is offered next.
  void ask(std::shared_ptr<senders::Question> question) const;
  /// The request `id` gets this result, unless it has one.
  void answer(const std::string& id,
              const Result<std::shared_ptr<const pb::Envelope>>& result) const;

  /// Tells those who wait for one of the messages that these durable changes of a dead letter queue
  /// appended.
  void on_dead_letters(std::span<const queues::CommittedChange> changes) const;

 private:
  std::map<std::string, std::string> types_;  ///< of the reply queues, by name
  AnyActor actor_;                            ///< empty before start()
};

}  // namespace millrace
