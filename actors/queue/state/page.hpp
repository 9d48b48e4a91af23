// Page: live messages of a queue in order, for an operator or a move.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// A live message, and where its body lies.
struct PageEntry {
  Sequence sequence = 0;
  std::uint32_t failed = 0;
  logs::Place place{};
  std::uint32_t index = 0;
  Body body{};  ///< empty: not in memory, to be read from `place` and `index`
};

/// Some live messages, in queue order.
struct Page {
  std::vector<PageEntry> messages;
  Sequence next = 0;  ///< where the next page begins; 0: this is the last page
  Sequence last = 0;  ///< number of the last message of the queue, live or not
};

/// Live messages from number `from` on: at most `max`, and at most `bytes_max` of bodies unless the
/// first message alone is larger.
[[nodiscard]] Page page_of(const State& state, Sequence from, std::size_t max,
                           std::size_t bytes_max = record_bytes);

}  // namespace millrace::queues
