// Pausing and resuming a queue or single keys of it. A pause is a record: it survives restarts, and
// moves with the shard.
#pragma once

#include <optional>
#include <string>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/state/pause_table.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

struct PauseDecision {
  Decision decision{};  ///< no record: nothing changes
  std::optional<Error> refusal{};
};

/// Decides a command of an operator. A second pause of the same key keeps `since_us` and replaces the
/// rest. Refused with `draining` (the node stops, or the queue moves to another node),
/// `invalid_argument` (an outbox, a queue that keeps topics, a text or time out of bounds) or
/// `backlog_full` (paused_keys_max keys are paused).
[[nodiscard]] PauseDecision decide_pause(const State& state, const PauseCommand& command,
                                         TimeUs now_us);

/// Ends the pauses whose time is over.
[[nodiscard]] Decision decide_resumes(const State& state, TimeUs now_us);

void apply_pauses(State& state, const pb::Change& change);

/// Whether nothing of the queue is leased.
[[nodiscard]] bool is_paused(const State& state);
/// Whether messages of the key are not leased, although the queue as a whole is not paused.
[[nodiscard]] bool is_key_paused(const State& state, const std::string& key);

/// No pause ends later than its duration after `at_us`: see clock_set_back().
void clock_set_back_for_pauses(State& state, TimeUs at_us);

}  // namespace millrace::queues
