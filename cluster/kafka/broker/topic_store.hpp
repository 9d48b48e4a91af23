// The name of the queue that keeps the topics of clients.
#pragma once

namespace millrace::kafka {

inline constexpr const char* topic_store = "kafka.topics";

}  // namespace millrace::kafka
