// OrderAnswer: orders as the HTTP API has them, from JSON and to it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "apps/orders/orders.pb.h"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Body of an offer to orders.placed.
[[nodiscard]] std::string offer_json(const orders::OrderPlaced& order);

/// Status in an answer about an order; STATUS_UNKNOWN where it has none.
[[nodiscard]] orders::Status status_in(const nlohmann::ordered_json& answer);

/// Whether nothing more happens to an order by itself.
[[nodiscard]] bool is_end(orders::Status status);

/// An answer about an order as what a data directory holds of it. Fails with `protocol`, naming the
/// field, where it is not such an answer.
[[nodiscard]] Result<KeyView> key_of(const std::string& order_id, nlohmann::ordered_json answer);

}  // namespace millrace::simulate
