// Document: a configuration as a tree of values with their source positions, before the key table
// is applied. Also Problem: an error at a position.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::config {

/// Source position of a value: a file with line and column, or an override such as
/// "--set log.level".
struct Place {
  std::string source;
  std::uint32_t line = 0;    ///< from 1; 0: the source has no lines
  std::uint32_t column = 0;  ///< from 1; meaningful if line > 0

  friend bool operator==(const Place&, const Place&) = default;
};

/// "a.toml:3:7"; only the source if it has no lines.
[[nodiscard]] std::string to_string(const Place& place);

/// "a.toml:3"; only the source if it has no lines.
[[nodiscard]] std::string origin_of(const Place& place);

struct Member;

/// One value. `kind` selects the field that is valid.
struct Node {
  enum class Kind : std::uint8_t {
    table,
    list,
    text,
    integer,
    decimal,
    boolean,
    time,  ///< a date or time of day; no key accepts one
    bare,  ///< text of an override, parsed according to the type of its key
  };

  Node() = default;
  Node(Kind of, Place at, std::string with = {});

  Kind kind = Kind::table;
  Place place;
  std::string text;  ///< of a text or bare value
  std::int64_t integer = 0;
  double decimal = 0;
  bool boolean = false;
  std::vector<Member> members;  ///< of a table, in file order; names are unique
  std::vector<Node> items;      ///< of a list
};

struct Member {
  std::string name;
  Place place;  ///< of the name
  Node node;
};

/// Returns the member with this name, or nullptr. Valid until `table` changes.
[[nodiscard]] const Member* find(const Node& table, std::string_view name);
[[nodiscard]] Member* find(Node& table, std::string_view name);

/// True for a string, with or without quotes.
[[nodiscard]] inline bool is_text(const Node& node) {
  return node.kind == Node::Kind::text || node.kind == Node::Kind::bare;
}

/// Merges `over` into `base`; values of `over` win. Tables merge key by key. In two lists of tables,
/// items with equal `name` merge and the other items of `over` are appended. Every other value is
/// replaced.
void merge(Node& base, Node over);

/// `value` as a TOML basic string: in double quotes, escaped.
[[nodiscard]] std::string quote(std::string_view value);

/// Text of a value for an error message: `"abc"`, `12`, `a table`. Texts are cut after 60 bytes.
[[nodiscard]] std::string describe(const Node& node);

/// Returns whether `bytes` is valid UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// One error in a configuration.
struct Problem {
  Place place;
  std::string path;  ///< key path, such as "log.level"; or "syntax", "file", "include"
  std::string what;  ///< "expected …, got …"
};

using Problems = std::vector<Problem>;

/// "a.toml:3:7: error: log.level: expected …, got …".
[[nodiscard]] inline std::string to_string(const Problem& problem) {
  return to_string(problem.place) + ": error: " + problem.path + ": " + problem.what;
}

}  // namespace millrace::config
