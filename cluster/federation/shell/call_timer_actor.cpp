#include "cluster/federation/shell/call_timer_actor.hpp"

#include <memory>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/shell/tick_timer.hpp"

namespace millrace::federation {
namespace {

/// Used by its actor only.
class CallTimerShell {
 public:
  CallTimerShell(const Clock& clock, std::function<void()> on_time)
      : clock_(clock), on_time_(std::move(on_time)) {}

  caf::behavior start(caf::event_based_actor* self, const std::shared_ptr<CallTimerShell>& me) {
    self_ = self;
    // The handler holds `me`, so the shell lives as long as the actor.
    self->set_exit_handler([me](const caf::exit_msg& exit) { me->self_->quit(exit.reason); });
    return {
        [](const TaskMessage& m) { (*m.run)(); },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, clock_.steady_us())) on_time_();
        },
    };
  }

  void set(SteadyUs due_us) { tick_.set(self_, due_us, clock_.steady_us()); }

 private:
  const Clock& clock_;
  const std::function<void()> on_time_;
  caf::event_based_actor* self_ = nullptr;
  TickTimer tick_;
};

/// Ends the actor when it is destroyed.
struct CallTimer {
  CallTimer(AnyActor started, std::shared_ptr<CallTimerShell> its)
      : actor(std::move(started)), shell(std::move(its)) {}
  ~CallTimer() { end_actor(actor); }
  CallTimer(const CallTimer&) = delete;
  CallTimer& operator=(const CallTimer&) = delete;

  const AnyActor actor;
  const std::shared_ptr<CallTimerShell> shell;
};

}  // namespace

calls::PeerCalls::SetTimer spawn_call_timer(ActorSystem& system, const Clock& clock,
                                            std::function<void()> on_time) {
  const auto shell = std::make_shared<CallTimerShell>(clock, std::move(on_time));
  const AnyActor actor =
      system.spawn([shell](caf::event_based_actor* self) { return shell->start(self, shell); });
  return [timer = std::make_shared<CallTimer>(actor, shell)](SteadyUs due_us) {
    tell(timer->actor, TaskMessage{std::make_shared<std::function<void()>>(
                           [shell = timer->shell, due_us] { shell->set(due_us); })});
  };
}

}  // namespace millrace::federation
