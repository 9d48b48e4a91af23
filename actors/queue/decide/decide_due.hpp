// Decides on what time brings: timers, expired messages, producers long idle.
#pragma once

#include <span>
#include <vector>

#include "actors/queue/decide/decision.hpp"

namespace millrace::queues {

/// Appends the messages of timers that are due, at most `max` of them and as many as fit into one
/// record. Null record: none is.
[[nodiscard]] Decision decide_timers(const State& state, TimeUs now_us, std::uint32_t max = 256);

/// Forgets producers that were idle for longer than the limit, at most 10,000 of them.
[[nodiscard]] Decision decide_forget(const State& state, TimeUs now_us);

/// Gives up waiting messages: `expired`, or acquired too often.
[[nodiscard]] Decision decide_give_up(const State& state, std::span<const LeaseId> leases,
                                      TimeUs now_us);

/// When the queue next has something to do of its own accord; 0: never. One that drains only waits
/// for leases to end.
[[nodiscard]] TimeUs next_due_us(const State& state);

}  // namespace millrace::queues
