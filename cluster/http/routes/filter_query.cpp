#include "cluster/http/routes/filter_query.hpp"

#include <algorithm>
#include <charconv>

#include "cluster/http/json/message_json.hpp"

namespace millrace::http {
namespace {

Error wrong(const std::string& name, const std::string& expected, const std::string& got) {
  return {ErrorCode::invalid_argument, name + ": expected " + expected + ", got " + got};
}

Result<void> parse_max(const std::string& value, const FilterRules& rules, FilterQuery& out) {
  std::uint64_t max = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), max);
  const bool is_number = error == std::errc() && end == value.data() + value.size();
  if (!is_number || max == 0 || max > rules.max_limit) {
    return wrong("max",
                 rules.max_limit == no_maximum ? "a number from 1"
                                               : "1 to " + std::to_string(rules.max_limit),
                 value);
  }
  out.max = max;
  return {};
}

}  // namespace

Result<FilterQuery> parse_filter(const std::map<std::string, std::string>& query,
                                 const FilterRules& rules) {
  FilterQuery out;
  for (const auto& [name, value] : query) {
    if (name == "id") {
      out.filter.id = parse_id(value);
      if (!out.filter.id) return wrong(name, "32 hexadecimal digits", value);
    } else if (name == "key") {
      out.filter.key = value;
    } else if (name == "origin_queue") {
      out.filter.origin_queue = value;
    } else if (name == "code") {
      out.filter.code = error_code_called(value);
      if (!out.filter.code) return wrong(name, "the name of an error", value);
    } else if (name == "max" && rules.has_max) {
      if (auto parsed = parse_max(value, rules, out); !parsed) return parsed.error();
    } else if (name == "all" && rules.has_all) {
      if (value != "true") return wrong(name, "true", value);
      out.all = true;
    } else {
      return Error{ErrorCode::invalid_argument, "query: nothing is called " + name};
    }
  }
  return out;
}

bool is_dead_letter_queue(NodeApi& api, const std::string& queue) {
  const auto queues = api.queues();
  return std::any_of(queues.begin(), queues.end(), [&](const QueueInfo& each) {
    return each.name == queue && each.is_dead_letter;
  });
}

}  // namespace millrace::http
