// Finds the first record of a partition of this node that has a time, or a later one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "actors/assembly/topic_queues.hpp"
#include "cluster/kafka/broker_api.hpp"

namespace millrace::kafka {

/// As BrokerApi::find_offset() with OffsetAt::time.
void search_time(const TopicQueues& queues, const std::string& queue, std::uint32_t shard,
                 const std::string& topic, std::int64_t timestamp_ms, Done<FoundOffset> done);

}  // namespace millrace::kafka
