#include "apps/orders/view/order_view.hpp"

#include <utility>

#include "apps/orders/queues.hpp"
#include "cluster/http/json/message_json.hpp"

namespace millrace::orders {

Result<nlohmann::ordered_json> order_json(const KeyView& key, const std::string& rest) {
  if (!rest.empty() && rest != "history") {
    return Error{ErrorCode::not_found, "an order has a history, but no " + rest};
  }
  nlohmann::ordered_json order{{"order_id", key.key}};
  if (rest.empty()) {
    order.update(http::payload_json(std::string(Order().GetTypeName()), key.value));
  }
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  for (const HistoryView& entry : key.history) {
    auto json = http::payload_json(std::string(OrderEntry().GetTypeName()), entry.value);
    json["at"] = http::time_json(entry.at_us);
    json.erase("at_us");
    json["event"] = entry.input;
    history.push_back(std::move(json));
  }
  order["history"] = std::move(history);
  return order;
}

http::Resource order_resource() {
  return {.prefix = "orders", .queue = events_queue().name(), .show = order_json};
}

}  // namespace millrace::orders
