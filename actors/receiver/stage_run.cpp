#include "actors/receiver/stage_run.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace::receivers {
namespace {

const pb::DeadLetter* dead_letter_of(const pb::Envelope& envelope) {
  return envelope.has_dead_letter() ? &envelope.dead_letter() : nullptr;
}

// Returns the earliest time at which the message could be leased: a requested delay is no wait.
TimeUs waits_since(const queues::GrantedMessage& message) {
  const bool is_first =
      message.acquired == 1 && !message.was_postponed && message.body.logged_at_us() != 0;
  return is_first ? std::max(message.body.logged_at_us(), message.body->not_before_us()) : 0;
}

}  // namespace

void fill_run(StageRun& run, const queues::Grant& grant, const std::string& stage, Now now,
              SteadyUs lease_until_us, LeaseControl* control) {
  run.key = grant.messages.front().body->key();
  run.state = grant.state;
  run.inputs.reserve(grant.messages.size());
  for (const queues::GrantedMessage& message : grant.messages) {
    const pb::Envelope& envelope = *message.body;
    run.inputs.push_back(
        {message.body.message(),
         Context({.id = {envelope.id_high(), envelope.id_low()},
                  .key = envelope.key(),
                  .sequence = message.sequence,
                  .failed = message.failed,
                  .acquired = message.acquired,
                  .now_us = now.wall_us,
                  .steady_us = now.steady_us,
                  .born_at_us = envelope.born_at_us(),
                  .expires_at_us = envelope.expires_at_us(),
                  .lease_until_us = lease_until_us,
                  .priority = priority_of(envelope),
                  .dead_letter = dead_letter_of(envelope),
                  .headers = envelope.header_size() == 0 ? nullptr : &envelope.header()},
                 stage, control),
         waits_since(message)});
  }
}

}  // namespace millrace::receivers
