// Page: live messages of a queue, read out in queue order for an operator or for a move.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// A live message as an operator sees it.
struct PageEntry {
  Sequence sequence = 0;
  std::uint32_t failed = 0;
  journal::Place place{};
  std::uint32_t index = 0;
  Body body{};  ///< null: not in memory, read it from its place
};

/// Some live messages, in queue order.
struct Page {
  std::vector<PageEntry> messages;
  Sequence next = 0;  ///< where the next page begins; 0: this was the last
  Sequence last = 0;  ///< the last message that the queue ever had
};

/// Live messages from number `from` on: at most `max` of them and `bytes_max` of bodies, but at
/// least one where there is one.
[[nodiscard]] Page page_of(const State& state, Sequence from, std::size_t max,
                           std::size_t bytes_max = record_bytes);

}  // namespace millrace::queues
