// A frozen queue's messages, page by page, for the node that it is handed over to.
#pragma once

#include <string>

#include "actors/queue/removal.hpp"

namespace millrace::queues {

struct CopiedPage {
  Page page;
  std::string columns;  ///< of its messages: a serialized pb::SnapshotPart; empty: no messages
};

/// The next messages from number `from` to `up_to`, few enough for one chunk.
[[nodiscard]] CopiedPage page_to_copy(const State& state, Sequence from, Sequence up_to);

}  // namespace millrace::queues
