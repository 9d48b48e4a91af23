// Names of the tables of a log.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/log/frame.hpp"

namespace millrace::postgres_log {

/// Most characters of the name of a schema; with the longest name of a table below PostgreSQL's bound.
inline constexpr std::size_t schema_name_max = 48;

/// Whether `name` can be a schema here: a lower-case letter, then letters, digits and _. Such names
/// need no quotes.
[[nodiscard]] constexpr bool is_schema_name(std::string_view name) {
  if (name.empty() || name.size() > schema_name_max || name.starts_with("pg_")) return false;
  if (name.front() < 'a' || name.front() > 'z') return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

/// Tables of one seat are `segment_<seat>_<number>`, `checkpoint_<seat>_<number>` and `file_<seat>_<number>`.
[[nodiscard]] inline std::string segment_prefix(std::int32_t seat) {
  return "segment_" + std::to_string(seat) + "_";
}
[[nodiscard]] inline std::string checkpoint_prefix(std::int32_t seat) {
  return "checkpoint_" + std::to_string(seat) + "_";
}
[[nodiscard]] inline std::string file_prefix(std::int32_t seat) {
  return "file_" + std::to_string(seat) + "_";
}
[[nodiscard]] inline std::string segment_table(const std::string& schema, std::int32_t seat,
                                               logs::SegmentNumber number) {
  return schema + "." + segment_prefix(seat) + std::to_string(number);
}
[[nodiscard]] inline std::string checkpoint_table(const std::string& schema, std::int32_t seat,
                                                  std::uint64_t number) {
  return schema + "." + checkpoint_prefix(seat) + std::to_string(number);
}

[[nodiscard]] inline std::string file_table(const std::string& schema, std::int32_t seat,
                                            std::uint64_t number) {
  return schema + "." + file_prefix(seat) + std::to_string(number);
}

/// The number behind `prefix` in the name of a table; empty: it is no such name.
[[nodiscard]] inline std::optional<std::uint64_t> number_behind(std::string_view prefix,
                                                                std::string_view table) {
  if (!table.starts_with(prefix)) return std::nullopt;
  const std::string_view digits = table.substr(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace millrace::postgres_log
