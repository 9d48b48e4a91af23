// Parts of JSON as the text that they came with, so that no number is rounded and no value is built.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

/// The members of the object `text`, in order: names as they are written, with their quotes, and
/// values. REQUIRES: `text` is JSON (see check_json()). Empty if it is no object. Costs its length.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> raw_members(
    std::string_view text);

/// The elements of the array `text`, in order. As raw_members().
[[nodiscard]] std::vector<std::string_view> raw_elements(std::string_view text);

/// `text` without blanks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

[[nodiscard]] inline bool is_object(std::string_view value) {
  return value.starts_with('{');
}
[[nodiscard]] inline bool is_array(std::string_view value) {
  return value.starts_with('[');
}
[[nodiscard]] inline bool is_string(std::string_view value) {
  return value.starts_with('"');
}

}  // namespace millrace::http
