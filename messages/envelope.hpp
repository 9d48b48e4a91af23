// Priority and size of a pb::Envelope.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "messages/envelope.pb.h"

namespace millrace {

constexpr std::uint8_t priority_max = 9;      ///< leased first; 0 is leased last
constexpr std::uint8_t priority_default = 4;  ///< stored as urgency 0, which takes no byte

/// Priority of a message, clamped to 0..priority_max.
[[nodiscard]] inline std::uint8_t priority_of(const pb::Envelope& envelope) {
  const std::int64_t priority = std::int64_t{priority_default} + envelope.urgency();
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(priority, 0, priority_max));
}

/// Sets the priority, 0 to priority_max.
inline void set_priority(pb::Envelope& envelope, int priority) {
  envelope.set_urgency(priority - priority_default);
}

/// Bytes of the names and values of its headers.
[[nodiscard]] inline std::size_t header_bytes_of(const pb::Envelope& envelope) {
  std::size_t bytes = 0;
  for (const pb::Header& header : envelope.header()) {
    bytes += header.name().size() + header.value().size();
  }
  return bytes;
}

/// Bytes of a message that count towards limits: payload, key and headers.
[[nodiscard]] inline std::uint32_t bytes_of(const pb::Envelope& envelope) {
  return static_cast<std::uint32_t>(envelope.payload().size() + envelope.key().size() +
                                    header_bytes_of(envelope));
}

}  // namespace millrace
