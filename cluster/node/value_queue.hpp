// Queues of the configuration that carry JSON or bytes, without a .proto file; and which queue a name
// stands for.
#pragma once

#include <optional>
#include <span>
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

/// Returns the queue as `queues` types it, else as `pipelines` name it, with its key where one of them
/// has one; nullopt: neither does.
[[nodiscard]] std::optional<QueueSpec> known_queue(const std::string& name,
                                                   std::span<const PipelineSpec> pipelines,
                                                   std::span<const config::QueueConfig> queues);

}  // namespace millrace::cluster
