// Converts one value of a document to the type of its key, and back to text; durations and sizes
// have units: "20ms", "64MiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// Parses a non-negative integer with unit us, ms, s, m, h or d; returns microseconds, or nullopt
/// if `text` has another form or the result exceeds int64.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// Parses a non-negative integer with unit B, KiB, MiB, GiB or TiB; returns bytes, or nullopt if
/// `text` has another form or the result exceeds int64.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// Formats with the largest unit that gives an integer. REQUIRES: the argument is >= 0.
[[nodiscard]] std::string format_duration(std::int64_t us);
[[nodiscard]] std::string show(std::chrono::microseconds span);  ///< in quotes
[[nodiscard]] std::string format_size(std::int64_t bytes);

/// Converts `node` to the type of `key` and checks its range. Returns the value, or the text of the
/// error: "expected …, got …".
[[nodiscard]] std::variant<Value, std::string> parse_value(const Key& key, const Node& node);

/// Describes the values that `key` accepts: "an integer from 1 to 1024".
[[nodiscard]] std::string expectation(const Key& key);

/// Formats `value` as TOML; durations and sizes with the largest unit.
[[nodiscard]] std::string to_toml(const Key& key, const Value& value);

/// Parses a Key::fallback or Key::example. REQUIRES: `toml` is a valid TOML value.
[[nodiscard]] Node node_of_toml(std::string_view toml);

}  // namespace millrace::config
