// What a queue tells those who look at it. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

/// `offer_bytes`: size of a message that might be offered.
[[nodiscard]] QueueStatus status_of(const State& state, Room room, std::uint64_t offer_bytes);

[[nodiscard]] KeyReply key_of(const State& state, std::string_view key);

}  // namespace millrace::queues
