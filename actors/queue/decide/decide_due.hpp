// Decides what time makes due: timers, messages to give up, idle producers.
#pragma once

#include <span>
#include <vector>

#include "actors/queue/decide/decision.hpp"

namespace millrace::queues {

/// Fires timers that are due: at most `max`, and as many as fit into one record. Null record: no
/// timer is due.
[[nodiscard]] Decision decide_timers(const State& state, TimeUs now_us, std::uint32_t max = 256);

/// Forgets producers that were idle for longer than Limits::producer_idle_us, at most 10,000.
[[nodiscard]] Decision decide_forget(const State& state, TimeUs now_us);

/// Makes dead letters of the messages in `leases`, which are Dispatch::give_up.
[[nodiscard]] Decision decide_give_up(const State& state, std::span<const LeaseId> leases,
                                      TimeUs now_us);

/// Earliest time at which a lease expires, a timer fires or a delayed message is due; 0: none. A
/// queue that drains or is quiesced only expires leases.
[[nodiscard]] TimeUs next_due_us(const State& state);

}  // namespace millrace::queues
