// Leases: messages in the hands of receivers, until an outcome, a deadline or the receiver's end.
#pragma once

#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// Hands `run` to `receiver`. The messages are waiting, with their bodies in memory.
LeaseId begin_lease(State& state, ReceiverId receiver, KeySlot slot, std::vector<Sequence> run,
                    TimeUs deadline_us);

/// The lease's outcome is on its way: it can neither expire nor be completed again.
void begin_settling(State& state, LeaseId id);

/// The lease is over. Messages of it that are still live wait again, in their old order.
void end_lease(State& state, LeaseId id);

/// The receiver works on this lease and on no other: what goes wrong now is its message's doing.
/// Nothing happens when the lease is over, or is one of several messages.
void begin_work(State& state, LeaseId id);

/// More time, for a lease that waits for its handler or is with it; never less. False when the
/// lease is over.
bool extend_lease(State& state, LeaseId id, TimeUs deadline_us);

/// Leases, not settling, whose deadline is before `now_us`.
[[nodiscard]] std::vector<LeaseId> overdue_leases(const State& state, TimeUs now_us);

/// Leases, not settling, of `receiver`.
[[nodiscard]] std::vector<LeaseId> leases_of(const State& state, ReceiverId receiver);

}  // namespace millrace::queues
