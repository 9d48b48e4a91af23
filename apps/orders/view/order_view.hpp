// Orders as JSON, for the HTTP API of a running node and for the data of a stopped node.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "cluster/http/resources.hpp"
#include "messages/result.hpp"

namespace millrace::orders {

/// Converts an order. `rest` "": the order with its history; "history": the history alone. Fails
/// with `not_found` for other values.
[[nodiscard]] Result<nlohmann::ordered_json> order_json(const KeyView& key,
                                                        const std::string& rest = "");

/// HTTP resource for /api/v1/orders/ID and /api/v1/orders/ID/history.
[[nodiscard]] http::Resource order_resource();

}  // namespace millrace::orders
