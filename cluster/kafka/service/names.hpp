// Names of topics and groups: what may be one.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::kafka {

inline constexpr std::size_t topic_bytes_max = 249;
inline constexpr std::size_t group_bytes_max = 255;

/// As Kafka has it: 1 to topic_bytes_max letters, digits, '.', '_' or '-'; not "." or "..".
[[nodiscard]] bool is_topic_name(std::string_view name);

/// 1 to group_bytes_max bytes of UTF-8 without control characters.
[[nodiscard]] bool is_group_name(std::string_view name);

}  // namespace millrace::kafka
