// Decides what time makes due: timers, messages to give up, idle producers.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "actors/queue/decide/decision.hpp"

namespace millrace::queues {

/// Fires timers that are due: at most `max`, and as many as fit into one record. Null record: no
/// timer is due.
[[nodiscard]] Decision decide_timers(const State& state, TimeUs now_us, std::uint32_t max = 256);

/// Forgets producers that were idle for longer than Limits::producer_idle_us, at most 10,000.
[[nodiscard]] Decision decide_forget(const State& state, TimeUs now_us);

/// A key whose last change is long ago, as the state store has it.
struct AgedState {
  std::string key;
  TimeUs age_us = 0;  ///< Durable::age_us at the last change
};

/// Durable::age_us as it would be after a record of now.
[[nodiscard]] TimeUs age_now_us(const State& state, TimeUs now_us);

/// The age before which keys are to be forgotten: their last change is longer ago than
/// Limits::keep_state_us, or, with `history_only`, keep_history_us. Nullopt: they are kept for ever.
[[nodiscard]] std::optional<TimeUs> forget_before_us(const State& state, bool history_only,
                                                     TimeUs now_us);

/// Forgets those of `keys` that have no message and no timer here, and were not changed since.
[[nodiscard]] Decision decide_forget_keys(const State& state, std::span<const AgedState> keys,
                                          bool history_only, TimeUs now_us);

/// Makes dead letters of the messages in `leases`, which are Dispatch::give_up.
[[nodiscard]] Decision decide_give_up(const State& state, std::span<const LeaseId> leases,
                                      TimeUs now_us);

/// Logs that the wall clock was set forwards between two looks at the clock, so that no producer or
/// idempotency key is forgotten for that, and no key before its time. Null record: it was not, or nothing is remembered. To be
/// decided before all else of `now`.
[[nodiscard]] Decision decide_step(const State& state, Now before, Now now);

/// Logs that the wall clock was set back before the latest record, so that delayed messages and
/// timers do not wait for it to catch up: see clock_set_back(). Null record: it was not, or nothing
/// waits.
[[nodiscard]] Decision decide_set_back(const State& state, TimeUs now_us);

/// How long a queue waits for a time of the wall clock before it looks at that clock again, because
/// the clock may be set.
constexpr DurationUs look_max_us = 1'000'000;

/// When to look at the queue again: a lease expires, a timer fires, a delayed message is due, or the
/// wall clock may have been set. Nullopt: nothing waits. A queue that drains or is quiesced only
/// expires leases.
[[nodiscard]] std::optional<SteadyUs> next_look_us(const State& state, Now now);

}  // namespace millrace::queues
