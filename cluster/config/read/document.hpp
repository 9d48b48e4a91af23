// What a config file says, before anybody asks whether it makes sense: a tree with places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::config {

/// Where something was said: "a.toml:3:7", or "--set log.level" where there are no lines.
struct Place {
  std::string source;
  std::uint32_t line = 0;  ///< 0: the source has no lines
  std::uint32_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

/// "a.toml:3:7".
[[nodiscard]] std::string to_string(const Place& place);

/// "a.toml:3".
[[nodiscard]] std::string origin_of(const Place& place);

struct Member;

/// One value. Which fields count depends on `kind`.
struct Node {
  enum class Kind : std::uint8_t {
    table,
    list,
    text,
    integer,
    decimal,
    boolean,
    time,  ///< a date or time of day, which no key takes
    bare,  ///< text from outside a file, to be read as the key's type wants
  };

  Node() = default;
  Node(Kind of, Place at, std::string with = {});

  Kind kind = Kind::table;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  double decimal = 0;
  bool boolean = false;
  std::vector<Member> members;  ///< of a table, in the order of the file
  std::vector<Node> items;      ///< of a list
};

struct Member {
  std::string name;
  Place place;  ///< of the name
  Node node;
};

/// The member of this name, or null.
[[nodiscard]] const Member* find(const Node& table, std::string_view name);
[[nodiscard]] Member* find(Node& table, std::string_view name);

/// Lays `over` over `base`, which it changes. Tables merge key by key; tables of a list that have
/// the same `name` merge, the others follow at its end; everything else is replaced.
void merge(Node& base, Node over);

/// `value` in double quotes, escaped as TOML wants.
[[nodiscard]] std::string quote(std::string_view value);

/// How a value is shown in an error: `"abc"`, `12`, `a table`. At most some 60 characters.
[[nodiscard]] std::string describe(const Node& node);

/// Whether these bytes are UTF-8.
[[nodiscard]] bool is_utf8(std::string_view bytes);

struct Problem {
  Place place;
  std::string path;  ///< of the key, such as "log.level"
  std::string what;  ///< "expected …, got …"
};

using Problems = std::vector<Problem>;

/// "a.toml:3:7: error: log.level: expected …, got …".
[[nodiscard]] inline std::string to_string(const Problem& problem) {
  return to_string(problem.place) + ": error: " + problem.path + ": " + problem.what;
}

}  // namespace millrace::config
