// Definitions of queues as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace::http {

/// Reads the body of a request that defines a queue:
///
///   {"name": "clicks", "type": "json", "key": "/user", "lease": "30s", "attempts": 0,
///    "retry_first": "100ms", "retry_max": "1m"}
///
/// All but the name may be absent. Fails with `invalid_argument` that names the member. Whether name and key are
/// good is for DefinedQueues::define() to say.
[[nodiscard]] Result<pb::QueueDefinition> parse_definition(const std::string& body);

[[nodiscard]] nlohmann::ordered_json to_json(const pb::QueueDefinition& definition);

}  // namespace millrace::http
