// A quiesced queue's messages, page by page, for the node that it is handed over to.
#pragma once

#include <string>

#include "actors/base/time.hpp"
#include "actors/queue/state/page.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

struct MovedPage {
  Page page;
  std::string columns;  ///< of its messages: a serialized pb::SnapshotPart; empty: no messages
};

/// The next messages from number `from` to `up_to`, few enough for one chunk.
[[nodiscard]] MovedPage page_to_move(const State& state, Sequence from, Sequence up_to);

/// Later ones (from the year 38500 on) would overflow when something is added to them.
constexpr TimeUs time_max_us = 1ll << 60;
[[nodiscard]] constexpr bool is_time(TimeUs at_us) {
  return at_us >= 0 && at_us <= time_max_us;
}

/// Times of one node's clock, as those of a clock that is `by_us` ahead of it: what lasts from one
/// node to the next lasts as long. Deadlines of messages stay: whoever set them has a clock of his
/// own.
void shift_times(pb::SnapshotPart& part, DurationUs by_us);

}  // namespace millrace::queues
