#include "cluster/http/json/headers_json.hpp"

#include <algorithm>

#include "cluster/http/json/members.hpp"

namespace millrace::http {
namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

}  // namespace

Result<Headers> headers_of(std::string_view value, const std::string& place) {
  if (!is_object(value)) return wrong_body(place, "an object of texts");
  Headers headers;
  for (const auto& [name, text] : raw_members(value)) {
    if (!is_string(text)) return wrong_body(place + "." + string_of(name), "a text");
    headers.push_back({string_of(name), string_of(text)});
  }
  return headers;
}

Json headers_json(const pb::Envelope& envelope) {
  Json json = Json::object();
  for (const pb::Header& each : envelope.header()) json[each.name()] = each.value();
  return json;
}

bool is_traceparent(std::string_view text) {
  // version "-" trace id "-" parent id "-" flags; later versions may go on behind a "-".
  constexpr std::size_t length = 55;
  if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  if (!is_hex(version) || version == "ff" || !is_hex(trace) || is_zero(trace) || !is_hex(parent) ||
      is_zero(parent) || !is_hex(text.substr(53, 2))) {
    return false;
  }
  if (text.size() == length) return true;
  return version != "00" && text[length] == '-';
}

}  // namespace millrace::http
