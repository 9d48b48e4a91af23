// Queues of the configuration that carry JSON or bytes, without a .proto file.
#pragma once

#include <string>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"

namespace millrace::cluster {

/// Full name of the Protobuf type that stands for `type`.
[[nodiscard]] std::string type_name(config::ValueType type);

/// The queue `name` of messages of `type`. `key`: JSON pointer to the key of each message, a string or
/// an integer; empty: the queue has no key of its own. The key function returns "" where there is
/// nothing at the pointer, and throws std::invalid_argument for any other value.
[[nodiscard]] QueueSpec value_queue(std::string name, config::ValueType type,
                                    const std::string& key);

}  // namespace millrace::cluster
