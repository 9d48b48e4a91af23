// The functions that change a queue's state when a record is decided, durable, and applied:
//
//   decide ─▶ propose ─▶ log ─▶ apply ─▶ committed
//
// apply() runs for every record that touches the queue, live and on replay; propose() and
// committed() only live, for records that this queue decided. Pure: no clock, randomness, thread,
// file or log.
#pragma once

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/state/backlog.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// Marks leases, timers, producers and idempotency keys of `decision` as in flight, so that no
/// later decision uses them. Without effect where its record is null. Call it before the record is
/// handed to the log.
void propose(State& state, const Decision& decision);

/// Applies one committed change; `change` is an element of `committed.record`. Any prefix of a log
/// can be applied: sequence numbers that are no longer live are ignored. Bodies of appended
/// messages are cached as long as there is room.
///
/// Does not depend on State::limits, but for the cache: a replay under other limits gives the same
/// state.
void apply(State& state, const CommittedRecord& committed, const pb::Change& change);

/// Forgets the idempotency keys beyond State::limits. Only live, or after recovery: a replay runs
/// before the limits of the queue are known, so apply() keeps all keys.
void forget_repeats(State& state);

/// Ends what propose() marked. Call it after apply() of the same record.
void committed(State& state, const Pending& pending);

}  // namespace millrace::queues
