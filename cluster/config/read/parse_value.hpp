// One value: from what the document says to what the key wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// Microseconds of a whole number with one of us, ms, s, m, h, d; nothing where `text` is no such
/// thing or too large.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// Bytes of a whole number with one of B, KiB, MiB, GiB, TiB; nothing as above.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// In the largest unit that leaves a whole number.
[[nodiscard]] std::string format_duration(std::int64_t us);
[[nodiscard]] std::string format_size(std::int64_t bytes);

/// The value, or why it is none: "expected …, got …".
[[nodiscard]] std::variant<Value, std::string> parse_value(const Key& key, const Node& node);

/// What the key takes: "an integer from 1 to 1024".
[[nodiscard]] std::string expectation(const Key& key);

/// A value as TOML, for people to read: in the largest unit.
[[nodiscard]] std::string to_toml(const Key& key, const Value& value);

/// The key's default, or its example, from the text in the table.
[[nodiscard]] Node node_of_toml(std::string_view toml);

}  // namespace millrace::config
