#include "cluster/http/json/message_json.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/headers_json.hpp"
#include "cluster/http/json/json_message.hpp"
#include "messages/envelope.hpp"
#include "messages/error_code.hpp"
#include "messages/values.pb.h"

namespace millrace::http {
namespace {

/// Of a value of millrace.Json that is shown as such; beyond, its text is shown.
constexpr JsonBounds shown_json_bounds{.elements_max = 10'000, .depth_max = 64};

std::string hexadecimal(const std::string& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4];
    text += digits[value & 15];
  }
  return text;
}

}  // namespace

std::string payload_text(const std::string& type, const std::string& bytes) {
  const auto hidden = [&bytes] {
    return '"' + hexadecimal(bytes) + '"';
  };
  if (is_any_json(type)) {
    millrace::Json value;
    if (!value.ParseFromString(bytes)) return hidden();
    if (value.text().empty()) return "null";
    return check_json(value.text(), message_json_bounds) ? value.text() : hidden();
  }
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return hidden();
  const auto* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  const std::unique_ptr<google::protobuf::Message> message(prototype->New());
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!message->ParseFromString(bytes) ||
      !google::protobuf::util::MessageToJsonString(*message, &text, options).ok()) {
    return hidden();
  }
  return check_json(text, message_json_bounds) ? text : hidden();
}

nlohmann::ordered_json payload_json(const std::string& type, const std::string& bytes) {
  const std::string text = payload_text(type, bytes);
  // An object keeps the order of its names, and looks for each among all before: so the values of any
  // JSON are bounded further.
  auto json = parse_json(text, is_any_json(type) ? shown_json_bounds : message_json_bounds);
  return json ? std::move(*json) : nlohmann::ordered_json(text);
}

std::string id_text(MessageId id) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(id.high), static_cast<unsigned long long>(id.low));
  return text.data();
}

std::optional<MessageId> parse_id(std::string_view text) {
  MessageId id;
  if (text.size() != 32) return std::nullopt;
  const auto parse = [](std::string_view half, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), value, 16);
    return error == std::errc() && end == half.data() + half.size();
  };
  if (!parse(text.substr(0, 16), id.high) || !parse(text.substr(16), id.low)) return std::nullopt;
  return id;
}

nlohmann::ordered_json time_json(TimeUs time_us) {
  if (time_us == 0) return nullptr;
  const auto seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(time_us % 1'000'000));
  return text.data();
}

nlohmann::ordered_json message_json(const MessageView& message, const std::string& type) {
  const pb::Envelope& envelope = message.envelope;
  nlohmann::ordered_json json{
      {"sequence", message.sequence}, {"id", id_text({envelope.id_high(), envelope.id_low()})},
      {"key", envelope.key()},        {"priority", priority_of(envelope)},
      {"failed", message.failed},     {"born_at", time_json(envelope.born_at_us())}};
  if (envelope.not_before_us() != 0) json["not_before"] = time_json(envelope.not_before_us());
  if (envelope.expires_at_us() != 0) json["expires_at"] = time_json(envelope.expires_at_us());
  if (envelope.redriven() != 0) json["redriven"] = envelope.redriven();
  if (envelope.header_size() > 0) json["headers"] = headers_json(envelope);
  if (envelope.has_dead_letter()) {
    const pb::DeadLetter& dead = envelope.dead_letter();
    json["reason"] = dead.reason();
    json["code"] = to_string(static_cast<ErrorCode>(dead.code()));
    json["origin_queue"] = dead.origin_queue();
    json["origin_sequence"] = dead.origin_sequence();
    json["failed"] = dead.failed();
    json["acquired"] = dead.acquired();
    json["first_failed_at"] = time_json(dead.first_failed_at_us());
    json["last_failed_at"] = time_json(dead.last_failed_at_us());
  }
  json["payload"] = payload_json(type, envelope.payload());
  return json;
}

}  // namespace millrace::http
