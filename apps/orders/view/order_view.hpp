// Orders as JSON: from a running node's API, and from a stopped node alike.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "cluster/http/resources.hpp"
#include "messages/result.hpp"

namespace millrace::orders {

/// The order with its history; with `rest` "history", that alone. Fails with `not_found` for any
/// other `rest`.
[[nodiscard]] Result<nlohmann::ordered_json> order_json(const KeyView& key,
                                                        const std::string& rest = "");

/// /api/v1/orders/ID and /api/v1/orders/ID/history, for the gateway of a node that runs the order
/// workflow.
[[nodiscard]] http::Resource order_resource();

}  // namespace millrace::orders
