// The table of all configuration keys. To add a key, add a row here and a field in config.hpp:
// parsing, range checks, suggestions, `config print-defaults`, `config print --effective` and
// docs/config.md are generated from the table.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/config.hpp"

namespace millrace::config {

enum class Type : std::uint8_t {
  name,     ///< 1 to 100 characters of [a-z0-9._-]
  seat,     ///< a name, or "*"
  text,     ///< any text that is not empty
  names,    ///< a list of names; brackets are optional for one name
  path,     ///< of a file or folder; relative to the working directory
  paths,    ///< a list of paths; brackets are optional for one path
  address,  ///< "host:port"
  pointer,  ///< a JSON pointer (RFC 6901) to a value within an object: "/customer/id"
  integer,
  decimal,
  boolean,
  duration,  ///< "20ms"; Key::min and max are in microseconds
  size,      ///< "64MiB"; Key::min and max are in bytes
  choice,    ///< one of Key::choices
};

/// A value of a key, after checks. The key's type selects the field that is valid.
struct Value {
  std::string name;          ///< last part of the key's path
  std::string text;          ///< name, path, address, choice
  std::int64_t integer = 0;  ///< integer; duration in us; size in bytes; index of the choice
  double decimal = 0;
  bool boolean = false;
  std::vector<std::string> texts;  ///< names, paths
  bool is_default = false;         ///< the key is not set
};

/// A row of the table. In `path`, `[]` follows the name of a list of tables and `*` stands for a
/// name that the user chooses: "cluster.nodes[].name", "pipeline[].stage.*.workers".
struct Key {
  std::string_view path;
  Type type = Type::name;
  std::string_view fallback{};  ///< the default, as TOML; empty: no default
  std::string_view doc;         ///< one or more sentences, each ending with a full stop
  /// Stores the value in a Config, where the enclosing list item or named table is the last element.
  /// nullptr only for `include`, which read_with_includes() removes.
  void (*store)(Config&, const Value&) = nullptr;
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t step = 1;                    ///< each value is a multiple of `step`
  std::vector<std::string_view> choices{};  ///< of a choice
  std::string_view example{};               ///< a value as TOML; set if there is no default
  bool is_required = false;
  bool is_program = false;  ///< of the program: stored in Resolved::program
  std::string_view flag{};  ///< of the program: ConfigKey::flag
};

/// A table or a list of tables. `open` appends an element to the Config for each list item or named
/// table; it is nullptr for other tables.
struct Group {
  std::string_view path;
  std::string_view doc;
  void (*open)(Config&, const std::string& name) = nullptr;
};

struct KeyTable {
  std::vector<Group> groups;
  std::vector<Key> keys;
};

/// All keys of Millrace.
[[nodiscard]] KeyTable millrace_keys();

/// These and those of the program, in the order in which they are printed. Lives until the process ends.
[[nodiscard]] const KeyTable& key_table();

// Each appends the rows of the tables named behind it.
void add_node_keys(KeyTable& table);      ///< include, node, listen, cluster, membership, drain
void add_service_keys(KeyTable& table);   ///< tls, http, log
void add_storage_keys(KeyTable& table);   ///< runtime, journal
void add_postgres_keys(KeyTable& table);  ///< log.postgres
void add_queue_keys(KeyTable& table);     ///< queue
void add_pipeline_keys(KeyTable& table);  ///< pipeline and its stages
void add_kafka_keys(KeyTable& table);     ///< kafka
void add_caf_keys(KeyTable& table);       ///< caf
void add_program_rows(KeyTable& table);   ///< of the program

}  // namespace millrace::config
