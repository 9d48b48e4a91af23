// The queue's core: records become state here, live and on replay alike.
//
// Pure: no clock, randomness, thread, file, log or CAF. See queue_actor.hpp for the shell.
#pragma once

#include "actors/queue/state/backlog.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// Folds one committed change into `state`; `change` is an element of `committed.record`. Total:
/// any prefix of a log replays, and what is no longer there is left alone. Bodies of appended
/// messages are kept as long as the cache has room.
void apply(State& state, const CommittedRecord& committed, const pb::Change& change);

}  // namespace millrace::queues
