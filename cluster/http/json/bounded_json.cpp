#include "cluster/http/json/bounded_json.hpp"

#include "cluster/http/json/json_counter.hpp"

namespace millrace::http {

using Json = nlohmann::ordered_json;

Result<void> check_json(std::string_view text, const JsonBounds& bounds) {
  JsonCounter counter(bounds);
  if (Json::sax_parse(text, &counter)) return {};
  return counter.error();
}

Result<Json> parse_json(std::string_view text, const JsonBounds& bounds) {
  if (auto checked = check_json(text, bounds); !checked) return checked.error();
  return Json::parse(text, nullptr, false);
}

}  // namespace millrace::http
