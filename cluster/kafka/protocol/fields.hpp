// Values that have one meaning in many requests and answers.
#pragma once

#include <cstdint>
#include <limits>

namespace millrace::kafka {

/// Clients are slowed down by answers that wait, not by this.
inline constexpr std::int32_t no_throttle_ms = 0;
/// An offset that is not known, or, of a group, not committed.
inline constexpr std::int64_t no_offset = -1;
inline constexpr std::int32_t unknown_leader_epoch = -1;
/// What a client may do with a topic or a group is not said.
inline constexpr std::int32_t unknown_operations = std::numeric_limits<std::int32_t>::min();

}  // namespace millrace::kafka
