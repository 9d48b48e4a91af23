// The part of apply(), propose() and committed() that concerns topics.
#pragma once

#include <cstdint>

#include "actors/queue/decide/decision.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// Applies what `change` says of topics; its messages are appended already, and those that it acks or drops are
/// still there. REQUIRES: the queue keeps topics.
void apply_topics(State& state, const pb::Change& change);

/// Drops the oldest bodies from memory until there is room for one of `bytes`: most readers of a topic are near its
/// end.
void make_room_for_body(State& state, std::uint64_t bytes);

void propose_batch(State& state, const ProposedBatch& batch);
void batch_committed(State& state, const ProposedBatch& batch);

}  // namespace millrace::queues
