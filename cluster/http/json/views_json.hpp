// What the API shows, as JSON. The keys are part of the API: docs/http.md.
#pragma once

#include <nlohmann/json.hpp>

#include "cluster/http/node_api.hpp"

namespace millrace::http {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const NodeStatus& status, const Result<void>& ready);
[[nodiscard]] Json to_json(const Member& member);
[[nodiscard]] Json to_json(const ShardView& shard);
/// `now_us` tells the age of the oldest message.
[[nodiscard]] Json to_json(const QueueInfo& queue, TimeUs now_us);
[[nodiscard]] Json to_json(const PipelineGraph& pipeline);
[[nodiscard]] Json to_json(const Offered& offered);

/// As text; what is no UTF-8 in it is shown as U+FFFD.
[[nodiscard]] std::string dump(const Json& value);

}  // namespace millrace::http
