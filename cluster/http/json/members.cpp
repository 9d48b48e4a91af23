#include "cluster/http/json/members.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <nlohmann/json.hpp>

namespace millrace::http {
namespace {

/// Nullopt where `text` is none.
std::optional<DurationUs> parse_duration(const std::string& text) {
  struct Unit {
    std::string_view name;
    DurationUs us;
  };
  static constexpr Unit units[] = {{"us", 1},
                                   {"ms", 1'000},
                                   {"s", second_us},
                                   {"m", 60 * second_us},
                                   {"h", 3'600 * second_us},
                                   {"d", 24 * 3'600 * second_us}};
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view name(at, static_cast<std::size_t>(end - at));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > time_max_us / unit.us) return std::nullopt;
    return number * unit.us;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimeUs> parse_time(std::string_view text) {
  std::tm parts{};
  const std::string whole(text.substr(0, std::min<std::size_t>(text.size(), 40)));
  const char* const rest = strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || whole.size() != text.size()) return std::nullopt;
  std::string_view left(rest);
  TimeUs us = 0;
  if (left.starts_with('.')) {
    left.remove_prefix(1);
    std::size_t digits = 0;
    while (digits < left.size() && left[digits] >= '0' && left[digits] <= '9') {
      if (digits < 6) us = us * 10 + (left[digits] - '0');
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    for (std::size_t i = digits; i < 6; ++i) us *= 10;
    left.remove_prefix(digits);
  }
  if (left != "Z") return std::nullopt;
  return static_cast<TimeUs>(timegm(&parts)) * 1'000'000 + us;
}

Error wrong_body(const std::string& place, const std::string& expected) {
  return {ErrorCode::invalid_argument,
          "body: " + place + (place.empty() ? "" : ": ") + "expected " + expected};
}

std::string string_of(std::string_view value) {
  return nlohmann::json::parse(value).get<std::string>();
}

Result<DurationUs> duration_of(std::string_view value, DurationUs min_us, DurationUs max_us,
                               const std::string& place) {
  if (is_string(value)) {
    const auto us = parse_duration(string_of(value));
    if (us && *us >= min_us && *us <= max_us) return *us;
  }
  return wrong_body(place, "a duration such as \"30s\", from " + std::to_string(min_us / 1000) +
                               "ms to " + std::to_string(max_us / 1000) + "ms");
}

Result<std::int64_t> integer_of(std::string_view value, std::int64_t min, std::int64_t max,
                                const std::string& place) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && at == end && number >= min && number <= max) return number;
  return wrong_body(place, "an integer from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<Members> Members::of(std::string_view value, std::initializer_list<std::string_view> names,
                            const std::string& place) {
  if (!is_object(value)) return wrong_body(place, "an object");
  const std::string before = place.empty() ? "" : place + ".";
  Members members;
  for (const auto& [quoted, member] : raw_members(value)) {
    const std::string name = string_of(quoted);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string expected;
      for (const std::string_view one : names) {
        expected += (expected.empty() ? "" : ", ") + std::string(one);
      }
      return wrong_body(before + (name.size() > 100 ? "(a long name)" : name),
                        "one of " + expected);
    }
    if (!members.values_.emplace(name, member).second) {
      return wrong_body(before + name, "it once");
    }
  }
  return members;
}

}  // namespace millrace::http
