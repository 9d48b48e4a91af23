#include "tests/sim/lazy_receiver_actor.hpp"

#include <memory>
#include <utility>

#include <caf/all.hpp>

namespace millrace {
namespace {

constexpr std::uint32_t credit = 2;  // messages that it keeps leased

queues::CompleteMessage done(const queues::Grant& grant) {
  auto complete = std::make_shared<queues::Complete>();
  queues::LeaseOutcome& outcome = complete->outcomes.emplace_back();
  outcome.lease = grant.lease;
  outcome.key = grant.messages.front().body->key();
  outcome.messages.resize(grant.messages.size());
  for (queues::MessageOutcome& message : outcome.messages) {
    message.kind = StageResult::Kind::acked;
  }
  return {std::move(complete)};
}

}  // namespace

std::function<void()> spawn_lazy_receiver(caf::actor_system& system,
                                          const queues::QueueHandle& queue,
                                          std::chrono::milliseconds late) {
  const caf::actor lazy = system.spawn([=](caf::event_based_actor* self) -> caf::behavior {
    self->send(queue,
               queues::SubscribeMessage{caf::actor_cast<caf::strong_actor_ptr>(self), credit});
    return {[=](const queues::GrantMessage& m) {
      for (const queues::Grant& grant : *m.grants) {
        self->delayed_send(queue, late, done(grant));
      }
    }};
  });
  return [lazy] {
    caf::anon_send_exit(lazy, caf::exit_reason::kill);
  };
}

}  // namespace millrace
