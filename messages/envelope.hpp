// Helpers for pb::Envelope.
#pragma once

#include <algorithm>
#include <cstdint>

#include "messages/envelope.pb.h"

namespace millrace {

constexpr std::uint8_t priority_max = 9;      ///< first
constexpr std::uint8_t priority_default = 4;  ///< 0 is last

/// Priority of a message, 0 to 9; what lies outside is taken as the nearest.
[[nodiscard]] inline std::uint8_t priority_of(const pb::Envelope& envelope) {
  const std::int64_t priority = std::int64_t{priority_default} + envelope.urgency();
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(priority, 0, priority_max));
}

inline void set_priority(pb::Envelope& envelope, int priority) {
  envelope.set_urgency(priority - priority_default);
}

/// Bytes that a message counts for in limits: payload and key.
[[nodiscard]] inline std::uint32_t bytes_of(const pb::Envelope& envelope) {
  return static_cast<std::uint32_t>(envelope.payload().size() + envelope.key().size());
}

}  // namespace millrace
