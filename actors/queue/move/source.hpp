// The source's part in moving a queue: reading out a sealed queue page by page, and becoming the
// outbox for the target. target.hpp has the other part.
#pragma once

#include <string>

#include "actors/queue/state/page.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

/// Turns the queue into the outbox for its target. Messages up to the seal, keyed state and
/// idempotency keys are removed, because the target has them. Later messages keep their numbers and
/// form one chain. Producers stay, so that local ones continue with their numbers. REQUIRES:
/// nothing is leased.
void apply_become_outbox(State& state, const pb::BecomeOutbox& become_outbox);

/// Messages for one chunk of a move.
struct MovedPage {
  Page page;
  std::string columns;  ///< of these messages: a serialized pb::SnapshotPart; empty: none
};

/// Live messages from number `from` to `up_to`, few enough for one chunk. Page::next is 0 at the
/// end.
[[nodiscard]] MovedPage page_to_move(const State& state, Sequence from, Sequence up_to);

}  // namespace millrace::queues
