// Subscription: the topics that a consumer reads, as it says when it joins a group of the protocol type
// "consumer". The metadata of other types is not looked into.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::kafka {

inline constexpr std::string_view consumer_protocol_type = "consumer";

/// Topics named in a member's metadata, as views of it. Fails with `protocol`.
[[nodiscard]] Result<std::vector<std::string_view>> subscribed_topics(std::string_view metadata);

/// Partitions by topic that a leader has assigned to a member, as consumers write it. Fails with `protocol`.
[[nodiscard]] Result<std::vector<std::pair<std::string_view, std::vector<std::int32_t>>>>
assigned_partitions(std::string_view assignment);

}  // namespace millrace::kafka
