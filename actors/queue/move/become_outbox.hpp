// A queue that was handed over to another node, at the node that had it.
#pragma once

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// Drops what the other node has by now, and makes the queue the outbox for it: messages that came
/// later keep their numbers, and are one line from here on. Producers stay, as local ones go on
/// with their numbers; idempotency keys go, as the other node knows them. Nothing is leased.
void apply_become_outbox(State& state, const pb::BecomeOutbox& become_outbox);

}  // namespace millrace::queues
