// QueueStatus: what operators and metrics see of a queue.
#pragma once

#include <cstdint>
#include <optional>

#include "actors/queue/decide/decide_offer.hpp"
#include "actors/queue/state/queue_state.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

struct QueueStatus {
  QueueNumber number = 0;
  Ledger ledger;
  std::uint64_t duplicates = 0;  ///< offers known by their sequence number, since the start
  std::uint64_t bytes = 0;       ///< of live messages
  std::uint32_t in_flight = 0;   ///< messages leased or settling
  std::uint64_t timers = 0;
  bool is_blocked = false;  ///< a downstream queue is above its high water
  bool is_above_high_water = false;
  std::shared_ptr<const PauseTable> pauses{};  ///< null: nothing is paused
  TimeUs breaker_open_since_us =
      0;                      ///< of the stage that reads the queue; 0: its breaker is closed
  TimeUs oldest_born_us = 0;  ///< birth of the first live message; 0: none, or its body is on disk
  /// Refusal of a message that is offered now; nullopt: it would be accepted.
  std::optional<Error> refusal{};
  KeyUse key_use = KeyUse::none;  ///< of the offer in the question
};

/// `offer_bytes`: size of the message for which `refusal` is computed.
[[nodiscard]] QueueStatus status_of(const State& state, Room room, std::uint64_t offer_bytes);

}  // namespace millrace::queues
