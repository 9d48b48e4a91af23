#include "apps/simulate/remote/order_answer.hpp"

#include <cstdio>
#include <ctime>
#include <optional>

#include <google/protobuf/util/json_util.h>

namespace millrace::simulate {
namespace {

using Json = nlohmann::ordered_json;

/// Parses a time of the API: "2026-01-31T23:59:59.000001Z".
std::optional<TimeUs> parse_time(const std::string& text) {
  std::tm parts{};
  int micros = 0;
  int length = 0;
  const int fields =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &micros, &length);
  if (fields != 7 || static_cast<std::size_t>(length) != text.size()) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return TimeUs{timegm(&parts)} * 1'000'000 + micros;
}

/// Ignores fields that the message type lacks: answers have additional fields.
template <class Message>
bool parse(const Json& json, Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage(json.dump(), &message, options).ok();
}

Error bad(const std::string& order_id, const std::string& what) {
  return {ErrorCode::protocol, "order " + order_id + ": the answer has " + what};
}

}  // namespace

std::string offer_json(const orders::OrderPlaced& order) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  (void)google::protobuf::util::MessageToJsonString(order, &text, options);
  return text;
}

orders::Status status_in(const Json& answer) {
  orders::Status status = orders::STATUS_UNKNOWN;
  const auto found = answer.find("status");
  if (found != answer.end() && found->is_string()) {
    (void)orders::Status_Parse(found->get<std::string>(), &status);
  }
  return status;
}

bool is_end(orders::Status status) {
  switch (status) {
    case orders::SHIPPED:
    case orders::REJECTED:
    case orders::OUT_OF_STOCK:
    case orders::PAYMENT_FAILED:
    case orders::CANCELLED:
    case orders::PAUSED:
      return true;
    default:
      return false;
  }
}

Result<KeyView> key_of(const std::string& order_id, Json answer) {
  const Json history = answer.value("history", Json());
  if (!history.is_array()) return bad(order_id, "no history");
  answer.erase("history");
  if (answer.value("order_id", "") != order_id) return bad(order_id, "another order_id");
  orders::Order order;
  if (!parse(answer, order)) return bad(order_id, "fields that no order has");
  KeyView key;
  key.key = order_id;
  key.value = order.SerializeAsString();
  for (const Json& told : history) {
    if (!told.is_object()) return bad(order_id, "an entry of its history that is no object");
    const Json at = told.value("at", Json());
    const auto at_us = at.is_string() ? parse_time(at.get<std::string>()) : std::nullopt;
    orders::OrderEntry entry;
    if (!at_us || !parse(told, entry)) {
      return bad(order_id, "an entry of its history that cannot be read: " + told.dump());
    }
    entry.set_at_us(*at_us);
    key.history.push_back(
        {told.value("event", std::uint64_t{0}), *at_us, entry.SerializeAsString()});
  }
  return key;
}

}  // namespace millrace::simulate
