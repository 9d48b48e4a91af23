// One value: from what the document says to what the key wants.
#pragma once

#include <string>
#include <variant>

#include "cluster/config/keys/key.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// The value, or why it is none: "expected …, got …".
[[nodiscard]] std::variant<Value, std::string> parse_value(const Key& key, const Node& node);

/// What the key takes: "an integer from 1 to 1024".
[[nodiscard]] std::string expectation(const Key& key);

/// A value as TOML, for people to read: in the largest unit.
[[nodiscard]] std::string to_toml(const Key& key, const Value& value);

/// The key's default, or its example, from the text in the table.
[[nodiscard]] Node node_of_toml(std::string_view toml);

}  // namespace millrace::config
