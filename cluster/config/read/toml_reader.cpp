#include "cluster/config/read/toml_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <toml++/toml.h>

namespace millrace::config {

namespace {

// Maximum number of dots on a line. toml++ limits the nesting of brackets but not of dotted keys,
// and frees their tables recursively: 100,000 dots on a line would overflow the stack.
constexpr std::uint32_t dots_max = 16;

// Returns the first line (from 1) with more than dots_max dots outside quotes and comments, or 0.
std::uint32_t find_deep_line(std::string_view text) {
  std::uint32_t line = 1;
  std::uint32_t dots = 0;
  char inside = 0;  // the open quote, '#' within a comment, or 0
  bool is_escaped = false;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      dots = 0;
      inside = 0;
      is_escaped = false;
    } else if (is_escaped) {
      is_escaped = false;
    } else if (inside != 0) {
      is_escaped = inside == '"' && c == '\\';
      if (c == inside && inside != '#') inside = 0;
    } else if (c == '"' || c == '\'' || c == '#') {
      inside = c;
    } else if (c == '.' && ++dots > dots_max) {
      return line;
    }
  }
  return 0;
}

Place place_of(const toml::source_region& region, const std::string& source) {
  return {.source = source, .line = region.begin.line, .column = region.begin.column};
}

Node convert(const toml::node& from, const std::string& source);

Node convert_table(const toml::table& from, const std::string& source) {
  Node node;
  for (const auto& [key, value] : from) {
    node.members.push_back({.name = std::string(key.str()),
                            .place = place_of(key.source(), source),
                            .node = convert(value, source)});
  }
  // toml++ sorts keys by name; restore file order.
  std::stable_sort(node.members.begin(), node.members.end(), [](const auto& a, const auto& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  return node;
}

Node convert(const toml::node& from, const std::string& source) {
  Node node(Node::Kind::time, {});
  if (const toml::table* table = from.as_table()) {
    node = convert_table(*table, source);
  } else if (const toml::array* array = from.as_array()) {
    node.kind = Node::Kind::list;
    for (const toml::node& item : *array) node.items.push_back(convert(item, source));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::integer;
    node.integer = integer->get();
  } else if (const auto* decimal = from.as_floating_point()) {
    node.kind = Node::Kind::decimal;
    node.decimal = decimal->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.boolean = boolean->get();
  }
  node.place = place_of(from.source(), source);
  return node;
}

// Returns whether the value on this line looks like unquoted text. toml++ reports unquoted text as
// a malformed number or date, so read_toml adds a hint.
bool is_unquoted_word(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::size_t value = text.find_first_not_of(" \t", equals + 1);
  if (value == std::string_view::npos) return false;
  const char c = text[value];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '.' ||
         (c >= '0' && c <= '9');
}

}  // namespace

Node read_toml(std::string_view text, const std::string& source, Problems& problems) {
  const Place start{.source = source, .line = 1, .column = 1};
  Node empty(Node::Kind::table, start);
  const auto complain = [&](Place place, std::string what) {
    problems.push_back({.place = std::move(place), .path = "syntax", .what = std::move(what)});
    return empty;
  };
  if (text.size() > file_bytes_max) {
    return complain(start, "expected a file of at most 1MiB, got a larger one");
  }
  if (const std::uint32_t line = find_deep_line(text); line != 0) {
    std::string what = "expected at most ";
    what.append(std::to_string(dots_max)).append(" dots on a line, got more");
    return complain({.source = source, .line = line, .column = 1}, std::move(what));
  }
  try {
    Node root = convert_table(toml::parse(text, std::string_view(source)), source);
    root.place = start;
    return root;
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    std::replace(what.begin(), what.end(), '\n', ' ');
    if (is_unquoted_word(text, error.source().begin.line)) what += "; text is written in quotes";
    return complain(place_of(error.source(), source), "expected TOML, got: " + what);
  }
}

namespace {

std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

class Reader {
 public:
  Reader(const ReadFile& read, Problems& problems) : read_(read), problems_(problems) {}

  /// `from`: position of the reference to `path`; `key`: the key path for its problems.
  Node load(const std::string& path, const Place& from, const std::string& key) {
    const auto complain = [&](const std::string& what) {
      problems_.push_back({.place = from, .path = key, .what = what});
      return Node(Node::Kind::table, from);
    };
    const std::string name = normal(path);
    if (std::find(chain_.begin(), chain_.end(), name) != chain_.end()) {
      return complain(
          fmt::format("expected no cycle, got {} -> {}", fmt::join(chain_, " -> "), name));
    }
    if (chain_.size() >= include_depth_max) {
      return complain(
          fmt::format("expected a depth of at most {} files, got more", include_depth_max));
    }
    if (++files_ > included_files_max) {
      return complain(
          fmt::format("expected at most {} files in all, got more", included_files_max));
    }
    auto text = read_(path);
    if (!text) {
      return complain(
          fmt::format("expected a readable file, got {}: {}", quote(path), text.error().message));
    }
    Node own = read_toml(*text, path, problems_);
    chain_.push_back(name);
    Node base(Node::Kind::table, own.place);
    for (const auto& [file, place] : take_includes(own)) {
      const std::filesystem::path folder = std::filesystem::path(path).parent_path();
      merge(base, load((folder / file).string(), place, "include"));
    }
    chain_.pop_back();
    const Place place = own.place;
    merge(base, std::move(own));
    base.place = place;
    return base;
  }

 private:
  using Includes = std::vector<std::pair<std::string, Place>>;

  Includes take_includes(Node& root) {
    Includes found;
    const auto at = std::find_if(root.members.begin(), root.members.end(),
                                 [](const Member& member) { return member.name == "include"; });
    if (at == root.members.end()) return found;
    const Node node = std::move(at->node);
    root.members.erase(at);
    if (node.kind == Node::Kind::list) {
      for (const Node& item : node.items) add(item, found);
    } else {
      add(node, found);
    }
    return found;
  }

  void add(const Node& node, Includes& found) {
    if (node.kind == Node::Kind::text && !node.text.empty()) {
      found.emplace_back(node.text, node.place);
    } else {
      problems_.push_back({.place = node.place,
                           .path = "include",
                           .what = "expected a path, or a list of them, got " + describe(node)});
    }
  }

  const ReadFile& read_;
  Problems& problems_;
  std::vector<std::string> chain_;
  std::size_t files_ = 0;
};

}  // namespace

Node read_with_includes(const std::string& path, const ReadFile& read, Problems& problems) {
  return Reader(read, problems).load(path, {.source = path}, "file");
}

}  // namespace millrace::config
