// A key of the configuration: one row of the table that everything else follows from.
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
  names,    ///< a list of names; a single one needs no brackets
  path,     ///< of a file or folder; relative ones from where the program runs
  paths,    ///< a list of these; a single one needs no brackets
  address,  ///< "host:port"
  integer,
  decimal,
  boolean,
  duration,  ///< "20ms"; in the range as microseconds
  size,      ///< "64MiB"; in the range as bytes
  choice,    ///< one of a few words
};

/// A value as its key's type wants it. Which fields count depends on the type.
struct Value {
  std::string name;          ///< last part of the key's path
  std::string text;          ///< name, path, address, choice
  std::int64_t integer = 0;  ///< integer; duration in us; size in bytes; choice by its number
  double decimal = 0;
  bool boolean = false;
  std::vector<std::string> texts;  ///< names, paths
};

/// A row. Paths have `[]` behind a list of tables, and `*` for a name that the user chooses:
/// "cluster.nodes[].name", "pipeline[].stage.*.workers".
struct Key {
  std::string_view path;
  Type type = Type::name;
  std::string_view fallback{};  ///< the default, as TOML; empty: none
  std::string_view doc;         ///< one sentence or more; ends with a full stop
  /// Takes the value into a Config, in which the list item or named table at hand is the last. Null
  /// for `include`, which is dealt with before.
  void (*store)(Config&, const Value&) = nullptr;
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t step = 1;                    ///< values are multiples of it
  std::vector<std::string_view> choices{};  ///< of a choice
  std::string_view example{};               ///< as TOML, where there is no default
  bool is_required = false;
};

/// A table or a list of tables; lists and named tables make room in the Config by `open`.
struct Group {
  std::string_view path;
  std::string_view doc;
  void (*open)(Config&, const std::string& name) = nullptr;
};

struct KeyTable {
  std::vector<Group> groups;
  std::vector<Key> keys;
};

/// All of them, in the order in which they are printed.
[[nodiscard]] const KeyTable& key_table();

// The rows by subject.
void add_node_keys(KeyTable& table);      ///< include, node, listen, cluster, membership, drain
void add_service_keys(KeyTable& table);   ///< tls, http, log
void add_storage_keys(KeyTable& table);   ///< runtime, journal
void add_queue_keys(KeyTable& table);     ///< queue
void add_pipeline_keys(KeyTable& table);  ///< pipeline and its stages
void add_caf_keys(KeyTable& table);       ///< caf

}  // namespace millrace::config
