#include "actors/sender/shell/ask_actor.hpp"

#include <utility>

#include <caf/all.hpp>

#include "actors/base/shell/tick_timer.hpp"
#include "actors/sender/ask_table.hpp"

namespace millrace::senders {
namespace {

class AskShell {
 public:
  static inline const char* name = "millrace.asks";

  caf::behavior start(caf::event_based_actor* self, const Clock& clock) {
    self_ = self;
    clock_ = &clock;
    return {
        [this](const AskMessage& m) { on_ask(m); },
        [this](const AnswerMessage& m) {
          if (const auto question = asks_.take(m.id)) question->settle(m.result);
        },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, clock_->steady_us())) on_tick();
        },
    };
  }

 private:
  void on_ask(const AskMessage& m) {
    if (!asks_.add(m.question)) {
      return m.question->settle(Error{
          ErrorCode::backlog_full, "the node waits for " + std::to_string(AskTable::questions_max) +
                                       " replies already; the request may be handled"});
    }
    schedule();
  }

  void on_tick() {
    for (const auto& question : asks_.take_due(clock_->steady_us())) {
      question->settle(
          Error{ErrorCode::timeout, "no reply in time; the request may be handled later"});
    }
    schedule();
  }

  void schedule() {
    if (const auto due_us = asks_.next_due_us()) tick_.set(self_, *due_us, clock_->steady_us());
  }

  caf::event_based_actor* self_ = nullptr;
  const Clock* clock_ = nullptr;
  AskTable asks_;
  TickTimer tick_;
};

}  // namespace

caf::actor spawn_asks(caf::actor_system& system, const Clock& clock) {
  return system.spawn([](caf::stateful_actor<AskShell>* self,
                         const Clock* time) { return self->state.start(self, *time); },
                      &clock);
}

}  // namespace millrace::senders
