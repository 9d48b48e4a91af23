// The topic of a load, by its target.
#pragma once

#include "apps/bench/load/load_options.hpp"
#include "cluster/kafka/client/topic_client.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Fails as TopicClient::open(), and with `invalid_argument` for an address that is none.
[[nodiscard]] Result<kafka::TopicClient> open_topic(const LoadTarget& target);

}  // namespace millrace::bench
