// The ask actor: keeps the questions of one node until their reply comes or their deadline passes.
// Replies come from the handlers of `.then_answer` stages, failures from the log and from senders.
#pragma once

#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/sender/question.hpp"

namespace millrace::senders {

/// Wait for the reply to this question. Sent before its request is offered, so that no reply is first.
struct AskMessage {
  std::shared_ptr<Question> question;
};

/// What became of a request. Without effect if nobody waits for it.
struct AnswerMessage {
  std::string id;  ///< Question::id()
  Result<std::shared_ptr<const pb::Envelope>> result = std::shared_ptr<const pb::Envelope>();
};

/// Starts the actor. Questions that wait when it ends fail with `draining`. `clock` must outlive it.
[[nodiscard]] caf::actor spawn_asks(caf::actor_system& system, const Clock& clock);

}  // namespace millrace::senders
