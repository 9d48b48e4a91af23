// Subscription: the topics that a consumer reads, as it says when it joins a group of the protocol type
// "consumer". The metadata of other types is not looked into.
#pragma once

#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace millrace::kafka {

inline constexpr std::string_view consumer_protocol_type = "consumer";

/// Topics named in a member's metadata, as views of it. Fails with `protocol`.
[[nodiscard]] Result<std::vector<std::string_view>> subscribed_topics(std::string_view metadata);

}  // namespace millrace::kafka
