// A queue that another node hands over, at the node that gets it: parts of a snapshot become
// records of a staged queue, with the bodies of their messages.
#pragma once

#include "actors/queue/state/backlog.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

/// Whether `install` can be applied to `state`: the bytes come from another node, and nothing in
/// them may bring this one down. Fails with `corrupt`, or with `invalid_argument` where the queue
/// is not staged.
[[nodiscard]] Result<void> check_install(const State& state, const pb::Install& install);

/// Adds a part that check_install() let pass. Its messages lie in this record from here on.
void apply_install(State& state, const CommittedRecord& committed, const pb::Install& install);

}  // namespace millrace::queues
