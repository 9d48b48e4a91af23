// The functions that change a queue's state when a record is decided, durable, and applied:
//
//   decide ─▶ propose ─▶ log ─▶ apply ─▶ committed
//
// apply() runs for every record that touches the queue, live and on replay; propose() and
// committed() only live, for records that this queue decided. Pure: no clock, randomness, thread,
// file or log.
#pragma once

#include <cstddef>
#include <cstdint>

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
/// Does not depend on State::limits, except that body_cache_bytes bounds what is cached: recovery
/// replays a log before the limits of its queues are known.
void apply(State& state, const CommittedRecord& committed, const pb::Change& change);

/// Runs of its node that an outbox remembers; beyond: the oldest but the first are forgotten.
constexpr std::size_t generations_max = 1'000;

/// A generation of the node begins: an outbox adds it to Durable::generations. Without effect for other queues,
/// and if `generation` is the latest already.
void begin_generation(State& state, std::uint64_t generation);

/// Ends what propose() marked. Call it after apply() of the same record.
void committed(State& state, const Pending& pending);

}  // namespace millrace::queues
