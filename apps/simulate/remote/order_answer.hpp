// Converts orders from and to the JSON of the HTTP API.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "apps/orders/orders.pb.h"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Body of the POST request that offers an order.
[[nodiscard]] std::string offer_json(const orders::OrderPlaced& order);

/// Status in the answer to GET /api/v1/orders/ID; STATUS_UNKNOWN if it has none.
[[nodiscard]] orders::Status status_in(const nlohmann::ordered_json& answer);

/// Returns whether the status is final or PAUSED.
[[nodiscard]] bool is_end(orders::Status status);

/// Converts an answer to the form in which the auditor reads a data directory. Fails with
/// `protocol`, naming the field, if the answer is malformed.
[[nodiscard]] Result<KeyView> key_of(const std::string& order_id, nlohmann::ordered_json answer);

}  // namespace millrace::simulate
