#include "apps/orders/view/order_view.hpp"

#include <utility>

#include "apps/orders/queues.hpp"
#include "cluster/gateway/message_json.hpp"

namespace millrace::orders {

using nlohmann::ordered_json;

ordered_json order_json(const KeyView& key) {
  ordered_json order{{"order_id", key.key}};
  order.update(gateway::payload_json(std::string(Order().GetTypeName()), key.value));
  return order;
}

ordered_json history_json(const KeyView& key) {
  ordered_json history = ordered_json::array();
  for (const HistoryView& entry : key.history) {
    auto json = gateway::payload_json(std::string(OrderEntry().GetTypeName()), entry.value);
    json["at"] = gateway::time_json(entry.at_us);
    json.erase("at_us");
    json["event"] = entry.input;
    history.push_back(std::move(json));
  }
  return history;
}

gateway::Resource order_resource() {
  return {.prefix = "orders",
          .queue = events_queue().name(),
          .show = [](const KeyView& key, const std::string& rest) -> Result<ordered_json> {
            if (rest == "history") return history_json(key);
            if (!rest.empty()) {
              return Error{ErrorCode::not_found, "an order has a history, and no " + rest};
            }
            ordered_json order = order_json(key);
            order["history"] = history_json(key);
            return order;
          }};
}

}  // namespace millrace::orders
