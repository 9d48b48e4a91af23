// The target's part in moving a queue: parts of a snapshot, with the bodies of their messages,
// become records of a staged queue. source.hpp has the other part.
#pragma once

#include "actors/base/time.hpp"
#include "actors/queue/state/backlog.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

/// Checks that `install` can be applied to `state`. It comes from another node, so any bytes are
/// possible. Fails with `corrupt`, or with `invalid_argument` where the queue is not staged.
[[nodiscard]] Result<void> check_install(const State& state, const pb::Install& install);

/// Adds a part to the staged queue. Its messages lie in this record from now on. REQUIRES:
/// check_install() succeeded for this state.
void apply_install(State& state, const CommittedRecord& committed, const pb::Install& install);

/// Whether a part may carry this time.
[[nodiscard]] constexpr bool is_time(TimeUs at_us) {
  return at_us >= 0 && at_us <= time_max_us;
}

/// Adds `by_us`, how far the target's clock is ahead of the source's, to all times but expiry, so
/// that delays last as long as on the source. Expiry is an absolute time of the application.
/// Invalid times stay as they are: check_install() refuses them.
void shift_times(pb::SnapshotPart& part, DurationUs by_us);

}  // namespace millrace::queues
