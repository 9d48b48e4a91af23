// ConfigKey: a key of the config file that a program has beside those of Millrace, in a table of its own.
// ProgramConfig: the values.
//
//     [shop]                                      {.path = "shop.database", .is_required = true,
//     database = "host=10.0.0.3 dbname=shop"       .doc = "Connection string of the database."}
//
// They are read, checked, overridden (--set shop.database=…, MILLRACE__SHOP__DATABASE) and printed as all
// others are.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "messages/result.hpp"

namespace millrace {

struct ConfigKey {
  enum class Type : std::uint8_t {
    text,      ///< not empty
    integer,   ///< from `min` to `max`
    decimal,   ///< from `min` to `max`
    boolean,   ///< true or false
    duration,  ///< "20ms"; `min` and `max` are in microseconds
    size,      ///< "64MiB"; `min` and `max` are in bytes
  };

  std::string path;  ///< "table.key", each 1 to 50 characters of [a-z0-9_], a letter first
  Type type = Type::text;
  std::string fallback{};    ///< the default, as after `--set table.key=`; empty: none
  bool is_required = false;  ///< a file without it is refused; only without a default
  std::string doc;           ///< what it means, in a sentence
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  /// An option of `node` and of `config check` that sets the key, as --set does, which it overrides: "--" and 1 to 50
  /// characters of [a-z0-9-], a letter first; none of those commands has it already. Empty: none does.
  std::string flag{};
};

/// Values of the program's keys. A value. To ask for a path that no ConfigKey has, that has another type,
/// or that has no value, is a mistake of the program and ends the process.
class ProgramConfig {
 public:
  /// Integers are those of ConfigKey::Type::integer, duration and size.
  using Value = std::variant<std::string, std::int64_t, double, bool>;

  ProgramConfig() = default;
  explicit ProgramConfig(std::map<std::string, Value, std::less<>> values)
      : values_(std::move(values)) {}

  /// Whether the key is set, or has a default.
  [[nodiscard]] bool has(std::string_view path) const { return values_.contains(path); }

  [[nodiscard]] const std::string& text(std::string_view path) const;
  [[nodiscard]] std::int64_t integer(std::string_view path) const;
  [[nodiscard]] double decimal(std::string_view path) const;
  [[nodiscard]] bool boolean(std::string_view path) const;
  [[nodiscard]] std::chrono::microseconds duration(std::string_view path) const;
  [[nodiscard]] std::int64_t size_bytes(std::string_view path) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

namespace config {

/// Adds `keys` to the keys of config files, for the life of the process. Fails with `invalid_argument` if a
/// key has no valid path, default or doc, is there twice, or lies in a table of Millrace; then none is added.
/// REQUIRES: called at most once, before a configuration is read; one thread.
[[nodiscard]] Result<void> add_program_keys(std::vector<ConfigKey> keys);

}  // namespace config
}  // namespace millrace
