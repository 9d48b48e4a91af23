// An order as operators see it: its state and its history, as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "actors/runtime/durable_view.hpp"
#include "cluster/gateway/resources.hpp"

namespace millrace::orders {

/// Its state, without the history.
[[nodiscard]] nlohmann::ordered_json order_json(const KeyView& key);

/// What happened to it, oldest first.
[[nodiscard]] nlohmann::ordered_json history_json(const KeyView& key);

/// GET orders/ID, with all of it, and orders/ID/history.
[[nodiscard]] gateway::Resource order_resource();

}  // namespace millrace::orders
