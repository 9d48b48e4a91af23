// What requests say in JSON objects, as the text that it came with, and what is said when they are wrong.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"
#include "cluster/http/json/raw_json.hpp"
#include "messages/result.hpp"

namespace millrace::http {

inline constexpr DurationUs second_us = 1'000'000;

/// "body: PLACE: expected EXPECTED", `invalid_argument`.
[[nodiscard]] Error wrong_body(const std::string& place, const std::string& expected);

/// The text of a JSON string. REQUIRES: is_string(value).
[[nodiscard]] std::string string_of(std::string_view value);

/// A duration such as "30s" (us, ms, s, m, h, d), as a JSON string. Fails with wrong_body() if it is none,
/// or not from `min_us` to `max_us`.
[[nodiscard]] Result<DurationUs> duration_of(std::string_view value, DurationUs min_us,
                                             DurationUs max_us, const std::string& place);

/// RFC 3339, in UTC: "2026-01-31T23:59:59.5Z". Nullopt where `text` is none.
[[nodiscard]] std::optional<TimeUs> parse_time(std::string_view text);

/// An integer from `min` to `max`. Fails with wrong_body().
[[nodiscard]] Result<std::int64_t> integer_of(std::string_view value, std::int64_t min,
                                              std::int64_t max, const std::string& place);

/// Members of an object by name. Refers to the text.
class Members {
 public:
  /// Fails with wrong_body() if `value` is no object, has another name than `names`, or one twice.
  /// `place` empty: the body itself. REQUIRES: `value` is JSON.
  [[nodiscard]] static Result<Members> of(std::string_view value,
                                          std::initializer_list<std::string_view> names,
                                          const std::string& place = {});

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] std::optional<std::string_view> find(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string_view> values_;
};

}  // namespace millrace::http
