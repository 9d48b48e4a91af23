// Leases: begin, extend, settle, end. Changes Volatile::leases, deadlines and in_flight; the status
// of messages and keys changes in backlog.cpp.
//
//   begin_lease ─▶ leased ─begin_settling─▶ settling ─end_lease─▶ ended
//                     └───────────────end_lease──────────────────▶
#pragma once

#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// Leases `run` to `receiver`; leases to `nobody` do not count as acquired. REQUIRES: `run` is not
/// empty, was taken or withdrawn (see backlog.hpp), and `slot` is the slot of all its messages.
LeaseId begin_lease(State& state, ReceiverId receiver, KeySlot slot, std::vector<Sequence> run,
                    SteadyUs deadline_us);

/// Makes a lease settling, so that it can neither expire nor be completed: its outcome is proposed.
/// REQUIRES: the lease exists and is not settling.
void begin_settling(State& state, LeaseId id);

/// Ends a lease. Its messages that are still live are ready or delayed again, in their old order.
/// REQUIRES: the lease exists.
void end_lease(State& state, LeaseId id);

/// Ends a lease whose messages nobody has handled: they do not count as acquired. Without effect where
/// the lease has ended or is settling. REQUIRES: the lease is of a receiver.
void release_lease(State& state, LeaseId id);

/// Notes that the receiver handles this lease alone, so that a failure of the receiver counts for
/// its message. Without effect where the lease has ended, or has several messages.
void begin_work(State& state, LeaseId id);

/// Moves the deadline of a lease to `deadline_us`, unless it is later. Returns false where the
/// lease has ended or is settling.
bool extend_lease(State& state, LeaseId id, SteadyUs deadline_us);

/// Leases that are not settling and whose deadline is before `now_us`.
[[nodiscard]] std::vector<LeaseId> overdue_leases(const State& state, SteadyUs now_us);

/// Leases of `receiver` that are not settling.
[[nodiscard]] std::vector<LeaseId> leases_of(const State& state, ReceiverId receiver);

}  // namespace millrace::queues
