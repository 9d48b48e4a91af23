#include "cluster/config/read/overrides.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "cluster/config/read/schema.hpp"

namespace millrace::config {
namespace {

constexpr std::string_view prefix = "MILLRACE__";
constexpr std::size_t parts_max = 16;

using Parts = std::span<const std::string>;

// Splits `a."b.c".d` at unquoted dots. Returns nullopt if a quote is not closed, a part is empty,
// or there are more than parts_max parts.
std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> parts(1);
  bool is_quoted = false;
  for (const char c : path) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == '.' && !is_quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const bool has_gap =
      std::any_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty(); });
  if (is_quoted || has_gap || parts.size() > parts_max) return std::nullopt;
  return parts;
}

// Splits LOG__LEVEL into log and level. Returns nullopt as split_path() does.
std::optional<std::vector<std::string>> split_variable(std::string_view name) {
  std::string path;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 2) == "__") {
      path += '.';
      ++i;
    } else {
      const char c = name[i];
      path += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return split_path(path);
}

// No key has both _ and -, so that _ in an override matches either.
const Schema* find_child(const Schema& table, const std::string& part) {
  if (const Schema* child = table.child(part)) return child;
  std::string hyphened = part;
  std::replace(hyphened.begin(), hyphened.end(), '_', '-');
  return table.child(hyphened);
}

// Returns the index of the item named `part`; else `part` as a number from 0 to the number of
// items, which appends an item; else nullopt.
std::optional<std::size_t> find_item(const Node& list, const std::string& part) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const Member* name = find(list.items[i], "name");
    if (name != nullptr && name->node.text == part) return i;
  }
  std::size_t index = 0;
  const char* end = part.data() + part.size();
  const auto [rest, error] = std::from_chars(part.data(), end, index);
  if (error != std::errc{} || rest != end || index > list.items.size()) return std::nullopt;
  return index;
}

/// Writes one value into the document at a path of the schema; creates missing tables and items.
class Override {
 public:
  Override(std::string source, const std::string& value, Problems& problems)
      : place_{.source = std::move(source)}, value_(value), problems_(problems) {}

  void apply(Node& root, Parts parts) {
    if (parts.size() == 1 && parts.front() == "include") {
      return complain("include", "expected a key that may be given outside of files, got include");
    }
    if (!is_utf8(value_)) {
      return complain("value", "expected UTF-8, got other bytes");
    }
    into_table(schema(), root, parts, "");
  }

  void complain(const std::string& path, std::string what) {
    problems_.push_back({.place = place_, .path = path, .what = std::move(what)});
  }

 private:
  void into(const Schema& at, Node& node, Parts parts, const std::string& path) {
    switch (at.shape) {
      case Schema::Shape::value:
        node = Node(Node::Kind::bare, place_, value_);
        return;
      case Schema::Shape::list:
        return into_list(at, node, parts, path);
      case Schema::Shape::table:
      case Schema::Shape::named:
        return into_table(at, node, parts, path);
    }
  }

  void into_table(const Schema& at, Node& node, Parts parts, const std::string& path) {
    if (parts.empty()) return complain(path, "expected the path of a key, got that of a table");
    if (node.kind != Node::Kind::table) return;  // convert() reports the file's error
    const Schema* child = find_child(at, parts.front());
    if (child == nullptr) {
      return complain(join(path, parts.front()), explain_unknown(at, path, parts.front()));
    }
    if (child->shape == Schema::Shape::value && parts.size() > 1) {
      return complain(join(path, child->name), "expected a value, got a path that goes on");
    }
    const std::string& name = child->name == "*" ? parts.front() : child->name;
    Member* member = find(node, name);
    if (member == nullptr) {
      const bool is_list = child->shape == Schema::Shape::list;
      node.members.push_back(
          {.name = name,
           .place = place_,
           .node = Node(is_list ? Node::Kind::list : Node::Kind::table, place_)});
      member = &node.members.back();
    }
    if (child->shape == Schema::Shape::value) member->place = place_;
    into(*child, member->node, parts.subspan(1), join(path, name));
  }

  void into_list(const Schema& at, Node& node, Parts parts, const std::string& path) {
    if (parts.empty()) return complain(path, "expected the path of a key, got that of a list");
    if (node.kind != Node::Kind::list) return;
    const auto item = find_item(node, parts.front());
    if (!item) {
      return complain(join(path, parts.front()),
                      "expected the name of an item, or a number from 0 to " +
                          std::to_string(node.items.size()) + ", got " + quote(parts.front()));
    }
    if (*item == node.items.size()) node.items.emplace_back(Node::Kind::table, place_);
    into_table(at, node.items[*item], parts.subspan(1), join(path, std::to_string(*item)));
  }

  Place place_;
  const std::string& value_;
  Problems& problems_;
};

}  // namespace

void apply_environment(Node& root, std::span<const Variable> variables, Problems& problems) {
  std::vector<Variable> ours;
  for (const Variable& variable : variables) {
    if (variable.name.starts_with(prefix)) ours.push_back(variable);
  }
  std::sort(ours.begin(), ours.end(),
            [](const Variable& a, const Variable& b) { return a.name < b.name; });
  for (const Variable& variable : ours) {
    Override over(variable.name, variable.value, problems);
    if (const auto parts = split_variable(variable.name.substr(prefix.size()))) {
      over.apply(root, *parts);
    } else {
      over.complain("name", "expected MILLRACE__ and a key with __ for its dots, got a gap");
    }
  }
}

void apply_sets(Node& root, std::span<const std::string> sets, Problems& problems) {
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    const std::string path = set.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : set.substr(equals + 1);
    const auto parts = split_path(path);
    Override over("--set " + path, value, problems);
    if (equals == std::string::npos || !parts) {
      over.complain("path", "expected key=value, got " + describe(Node(Node::Kind::text, {}, set)));
    } else {
      over.apply(root, *parts);
    }
  }
}

void apply_flags(Node& root, std::span<const Flag> flags, Problems& problems) {
  for (const Flag& flag : flags) {
    if (const auto parts = split_path(flag.path)) {
      Override(flag.name, flag.value, problems).apply(root, *parts);
    }
  }
}

}  // namespace millrace::config
