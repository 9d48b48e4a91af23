#include "actors/queue/decide/pausing.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

std::optional<Error> over_limit(const char* what, std::size_t bytes, std::size_t max) {
  if (bytes <= max) return std::nullopt;
  return Error{ErrorCode::invalid_argument, std::string(what) + " of " + std::to_string(bytes) +
                                                " bytes; expected at most " + std::to_string(max)};
}

std::optional<Error> refusal_of(const State& state, const PauseCommand& command, TimeUs now_us) {
  if (state.live.draining) {
    return Error{ErrorCode::draining, state.name + ": the node is stopping"};
  }
  if (state.is_outbox) {
    return Error{ErrorCode::invalid_argument,
                 state.name + " is an outbox: its messages are sent on, and not handled"};
  }
  if (state.live.quiesced) {
    return Error{ErrorCode::draining, state.name + " is being moved to another node"};
  }
  if (state.keeps_topics()) {
    return Error{ErrorCode::invalid_argument,
                 state.name + " keeps topics, whose readers decide themselves when they read"};
  }
  if (auto error = over_limit("a key", command.key.size(), paused_key_bytes_max)) return error;
  if (command.resumes) return std::nullopt;
  if (auto error = over_limit("a reason", command.reason.size(), pause_reason_bytes_max))
    return error;
  if (auto error = over_limit("a name", command.by.size(), pause_by_bytes_max)) return error;
  if (command.for_us < 0 || (command.for_us == 0 && command.until_us != 0 &&
                             (command.until_us <= now_us || command.until_us > time_max_us))) {
    return Error{ErrorCode::invalid_argument, "a pause that ends in the past"};
  }
  const PauseTable* pauses = state.durable.pauses.get();
  if (!command.key.empty() && pauses != nullptr && pauses->keys().size() >= paused_keys_max &&
      pauses->find(command.key) == nullptr) {
    return Error{ErrorCode::backlog_full,
                 state.name + ": " + std::to_string(paused_keys_max) +
                     " keys are paused; resume some of them, or pause the queue"};
  }
  return std::nullopt;
}

}  // namespace

PauseDecision decide_pause(const State& state, const PauseCommand& command, TimeUs now_us) {
  PauseDecision out;
  out.refusal = refusal_of(state, command, now_us);
  if (out.refusal) return out;
  const Pause* before = state.durable.pauses ? state.durable.pauses->find(command.key) : nullptr;
  out.decision.record = new_record(state, now_us);
  pb::PauseChange& change = *out.decision.record->mutable_change(0)->add_pause();
  if (command.resumes) {
    // Also where nothing is paused: a pause may be in flight.
    change.set_key(command.key);
    change.set_resume(true);
    return out;
  }
  write_pause(
      change, command.key,
      {.since_us = before == nullptr ? now_us : before->since_us,
       .until_us = command.for_us > 0 ? time_after(now_us, command.for_us) : command.until_us,
       .for_us = command.for_us,
       .reason = command.reason,
       .by = command.by});
  return out;
}

Decision decide_resumes(const State& state, TimeUs now_us) {
  Decision out;
  if (!state.durable.pauses || state.live.resuming) return out;
  state.durable.pauses->for_each([&](const std::string& key, const Pause& pause) {
    if (pause.until_us == 0 || pause.until_us > now_us) return;
    if (!out.record) out.record = new_record(state, now_us);
    pb::PauseChange& change = *out.record->mutable_change(0)->add_pause();
    change.set_key(key);
    change.set_resume(true);
  });
  out.pending.resumes = out.record != nullptr;
  return out;
}

void apply_pauses(State& state, const pb::Change& change) {
  if (change.pause_size() == 0) return;
  auto pauses = state.durable.pauses ? std::make_shared<PauseTable>(*state.durable.pauses)
                                     : std::make_shared<PauseTable>();
  for (const pb::PauseChange& one : change.pause()) {
    if (one.has_pause()) {
      pauses->set(one.key(), read_pause(one.pause()));
    } else {
      pauses->clear(one.key());
    }
  }
  state.durable.pauses = pauses->empty() ? nullptr : std::move(pauses);
  release_held(state);
}

bool is_paused(const State& state) {
  if (state.is_outbox) return false;
  return state.live.pausing || (state.durable.pauses && state.durable.pauses->queue());
}

bool is_key_paused(const State& state, const std::string& key) {
  const PauseTable* pauses = state.durable.pauses.get();
  return pauses != nullptr && !key.empty() && pauses->find(key) != nullptr;
}

void clock_set_back_for_pauses(State& state, TimeUs at_us) {
  if (!state.durable.pauses) return;
  auto pauses = std::make_shared<PauseTable>();
  state.durable.pauses->for_each([&](const std::string& key, Pause pause) {
    pause.since_us = std::min(pause.since_us, at_us);
    if (pause.for_us > 0)
      pause.until_us = std::min(pause.until_us, time_after(at_us, pause.for_us));
    pauses->set(key, std::move(pause));
  });
  state.durable.pauses = std::move(pauses);
}

}  // namespace millrace::queues
