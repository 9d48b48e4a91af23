#include "actors/assembly/asks.hpp"

#include <utility>

#include "actors/sender/shell/ask_actor.hpp"
#include "actors/stage/answer_stage.hpp"

namespace millrace {

Asks::Asks(const NodePlan& plan) {
  for (const StagePlan& stage : plan.stages) {
    if (stage.spec->is_answer) types_[stage.spec->source.name] = stage.spec->source.type;
  }
}

void Asks::start(ActorSystem& system, const Clock& clock) {
  actor_ = senders::spawn_asks(system, clock);
}

void Asks::end() {
  end_actor(actor_);
}

Result<void> Asks::check(const std::string& queue, const std::string& type) const {
  const auto found = types_.find(queue);
  if (found == types_.end()) {
    return Error{
        ErrorCode::not_found,
        "queue " + queue + ": expected a reply queue, which a stage .then_answer(...) reads"};
  }
  if (found->second == type) return {};
  return Error{ErrorCode::invalid_argument,
               "queue " + queue + " carries " + found->second + ", not " + type};
}

std::vector<bool> Asks::reply_targets(const StageSpec& stage) const {
  std::vector<bool> replies;
  for (const QueueSpec& target : stage.targets) replies.push_back(types_.contains(target.name));
  return replies;
}

std::shared_ptr<const StageSpec> Asks::with_handlers(
    const std::shared_ptr<const StageSpec>& stage) const {
  if (!stage->is_answer) return stage;
  auto answering = std::make_shared<StageSpec>(*stage);
  answering->make = [actor = actor_] {
    return std::make_unique<AnswerStage>([actor](const std::shared_ptr<const pb::Envelope>& reply) {
      tell(actor, senders::AnswerMessage{reply->reply_to(), reply});
    });
  };
  return answering;
}

void Asks::ask(std::shared_ptr<senders::Question> question) const {
  tell(actor_, senders::AskMessage{std::move(question)});
}

void Asks::answer(const std::string& id,
                  const Result<std::shared_ptr<const pb::Envelope>>& result) const {
  tell(actor_, senders::AnswerMessage{id, result});
}

void Asks::on_dead_letters(std::span<const queues::CommittedChange> changes) const {
  if (!actor_ || types_.empty()) return;
  for (const queues::CommittedChange& committed : changes) {
    for (const pb::Envelope& letter :
         committed.proposal->record->change(committed.change).append()) {
      if (letter.reply_to().empty() || !letter.has_dead_letter()) continue;
      const pb::DeadLetter& note = letter.dead_letter();
      auto code = static_cast<ErrorCode>(note.code());
      // Its attempts are used up. A timeout means to an asker that it has waited long enough.
      if (code == ErrorCode::timeout) code = ErrorCode::handler_failed;
      answer(letter.reply_to(),
             Error{code, "a dead letter of queue " + note.origin_queue() + ": " + note.reason()});
    }
  }
}

}  // namespace millrace
