#include "cluster/http/json/definition_json.hpp"

#include <limits>

#include "cluster/http/json/members.hpp"
#include "cluster/http/json/message_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "messages/values.pb.h"

namespace millrace::http {
namespace {

constexpr DurationUs duration_us_min = 1'000;
constexpr DurationUs lease_us_max = 86'400 * second_us;
constexpr DurationUs retry_us_max = 7 * 86'400 * second_us;

Result<std::string> text_of(const Members& said, const std::string& name,
                            const std::string& absent) {
  const auto value = said.find(name);
  if (!value) return absent;
  if (!is_string(*value)) return wrong_body(name, "a text");
  return string_of(*value);
}

}  // namespace

Result<pb::QueueDefinition> parse_definition(const std::string& body) {
  if (auto checked = check_json(body, small_json_bounds); !checked) return checked.error();
  const auto said = Members::of(
      trimmed(body), {"name", "type", "key", "lease", "attempts", "retry_first", "retry_max"});
  if (!said) return said.error();
  pb::QueueDefinition definition;
  const auto name = text_of(*said, "name", "");
  if (!name) return name.error();
  if (name->empty()) return wrong_body("name", "the name of the queue");
  definition.set_name(*name);
  const auto type = text_of(*said, "type", "json");
  if (!type) return type.error();
  if (*type != "json" && *type != "bytes") return wrong_body("type", R"("json" or "bytes")");
  definition.set_type(*type == "json" ? millrace::Json::default_instance().GetTypeName()
                                      : millrace::Bytes::default_instance().GetTypeName());
  const auto key = text_of(*said, "key", "");
  if (!key) return key.error();
  definition.set_key(*key);
  if (const auto value = said->find("attempts")) {
    const auto attempts = integer_of(*value, 0, 1'000'000, "attempts");
    if (!attempts) return attempts.error();
    definition.set_attempts(static_cast<std::uint32_t>(*attempts));
  }
  const auto duration = [&](const char* member, DurationUs max, auto set) -> Result<void> {
    const auto value = said->find(member);
    if (!value) return {};
    const auto span = duration_of(*value, duration_us_min, max, member);
    if (!span) return span.error();
    set(*span);
    return {};
  };
  if (auto read = duration("lease", lease_us_max, [&](auto us) { definition.set_lease_us(us); });
      !read) {
    return read.error();
  }
  if (auto read = duration("retry_first", retry_us_max,
                           [&](auto us) { definition.set_retry_first_us(us); });
      !read) {
    return read.error();
  }
  if (auto read =
          duration("retry_max", retry_us_max, [&](auto us) { definition.set_retry_max_us(us); });
      !read) {
    return read.error();
  }
  return definition;
}

nlohmann::ordered_json to_json(const pb::QueueDefinition& definition) {
  const bool is_json = definition.type() == millrace::Json::default_instance().GetTypeName();
  return {
      {"name", definition.name()}, {"type", is_json ? "json" : "bytes"}, {"key", definition.key()}};
}

}  // namespace millrace::http
