#include "actors/testing/shell/deterministic_actor_system.hpp"

#include <caf/all.hpp>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/receiver/shell/worker_actor.hpp"
#include "actors/sender/shell/ask_actor.hpp"
#include "actors/sender/shell/forwarder_actor.hpp"
#include "actors/sender/shell/sender_actor.hpp"

namespace millrace {

DeterministicActorSystem::Config::Config() {
  add_message_types<caf::id_block::millrace>();
  set("scheduler.policy", caf::atom("testing"));
}

DeterministicActorSystem::DeterministicActorSystem(std::uint64_t seed)
    : system_(config_),
      coordinator_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      random_(seed),
      shuffles_(seed != 0) {
  // A time of 0 means "none" in many fields, so the clock must not start there.
  coordinator_.clock().current_time += std::chrono::hours(1);
}

bool DeterministicActorSystem::step() {
  auto& jobs = coordinator_.jobs;
  if (jobs.empty()) return false;
  if (shuffles_ && jobs.size() > 1) std::swap(jobs.front(), jobs[random_() % jobs.size()]);
  return coordinator_.try_run_once();
}

void DeterministicActorSystem::advance(std::chrono::microseconds span) {
  coordinator_.advance_time(span);
}

}  // namespace millrace
