#include "cluster/config/read/schema.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "actors/base/names.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {
namespace {

// Returns the node at `path`; creates it and its ancestors if missing.
Schema& open(Schema& root, std::string_view path) {
  Schema* at = &root;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    std::string_view part = path.substr(0, dot);
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    const bool is_list = part.ends_with("[]");
    if (is_list) part.remove_suffix(2);
    if (part == "*") at->shape = Schema::Shape::named;
    auto found = std::find_if(at->children.begin(), at->children.end(),
                              [&](const Schema& child) { return child.name == part; });
    if (found == at->children.end()) {
      at->children.push_back({.name = std::string(part)});
      found = at->children.end() - 1;
    }
    at = &*found;
    if (is_list) at->shape = Schema::Shape::list;
  }
  return *at;
}

Schema build(const KeyTable& table) {
  Schema root;
  for (const Key& key : table.keys) {
    Schema& made = open(root, key.path);
    made.shape = Schema::Shape::value;
    made.key = &key;
  }
  for (const Group& group : table.groups) open(root, group.path).group = &group;
  return root;
}

// Returns the path of the first key or table below `at` named `name`, or an empty string.
std::string find_below(const Schema& at, std::string_view name) {
  for (const Schema& child : at.children) {
    if (child.name == "*") continue;
    if (child.name == name) return child.name;
    const std::string below = find_below(child, name);
    if (!below.empty()) return child.name + '.' + below;
  }
  return {};
}

bool is_bare(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

const Schema* Schema::child(std::string_view member) const {
  if (shape == Shape::named) return children.data();
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const Schema& each) { return each.name == member; });
  return found == children.end() ? nullptr : &*found;
}

const Schema& schema() {
  static const Schema root = build(key_table());
  return root;
}

std::string join(const std::string& path, std::string_view name) {
  const std::string part = is_bare(name) ? std::string(name) : quote(name);
  return path.empty() ? part : path + '.' + part;
}

std::string explain_unknown(const Schema& table, const std::string& path, std::string_view name) {
  std::vector<std::string> names;
  for (const Schema& child : table.children) names.push_back(child.name);
  std::string text = "expected a known key, got an unknown one; ";
  if (const std::string near = nearest_word(name, names); !near.empty()) {
    return text + "did you mean " + join(path, near) + "?";
  }
  if (const std::string elsewhere = find_below(schema(), name); !elsewhere.empty()) {
    return text + "did you mean " + elsewhere + "?";
  }
  return text + fmt::format("known here: {}", fmt::join(names, ", "));
}

}  // namespace millrace::config
