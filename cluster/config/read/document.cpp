#include "cluster/config/read/document.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/fmt/fmt.h>

namespace millrace::config {
namespace {

constexpr std::size_t shown_max = 60;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Returns the table in `list` whose `name` equals that of `item`, or nullptr.
Node* find_named(Node& list, const Node& item) {
  const Member* name = item.kind == Node::Kind::table ? find(item, "name") : nullptr;
  if (name == nullptr || name->node.kind != Node::Kind::text) return nullptr;
  for (Node& each : list.items) {
    const Member* other = each.kind == Node::Kind::table ? find(each, "name") : nullptr;
    if (other != nullptr && other->node.kind == Node::Kind::text &&
        other->node.text == name->node.text) {
      return &each;
    }
  }
  return nullptr;
}

bool is_list_of_tables(const Node& node) {
  return node.kind == Node::Kind::list && !node.items.empty() &&
         std::all_of(node.items.begin(), node.items.end(),
                     [](const Node& item) { return item.kind == Node::Kind::table; });
}

}  // namespace

Node::Node(Kind of, Place at, std::string with)
    : kind(of), place(std::move(at)), text(std::move(with)) {}

std::string to_string(const Place& place) {
  if (place.line == 0) return place.source;
  return fmt::format("{}:{}:{}", place.source, place.line, place.column);
}

std::string origin_of(const Place& place) {
  if (place.line == 0) return place.source;
  return fmt::format("{}:{}", place.source, place.line);
}

const Member* find(const Node& table, std::string_view name) {
  const auto found = std::find_if(table.members.begin(), table.members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == table.members.end() ? nullptr : &*found;
}

Member* find(Node& table, std::string_view name) {
  return const_cast<Member*>(find(std::as_const(table), name));
}

void merge(Node& base, Node over) {
  if (base.kind == Node::Kind::table && over.kind == Node::Kind::table && !base.members.empty()) {
    for (Member& member : over.members) {
      if (Member* known = find(base, member.name)) {
        merge(known->node, std::move(member.node));
      } else {
        base.members.push_back(std::move(member));
      }
    }
  } else if (is_list_of_tables(base) && is_list_of_tables(over)) {
    for (Node& item : over.items) {
      if (Node* known = find_named(base, item)) {
        merge(*known, std::move(item));
      } else {
        base.items.push_back(std::move(item));
      }
    }
  } else {
    base = std::move(over);
  }
}

std::string quote(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::table:
      return "a table";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::integer:
      return std::to_string(node.integer);
    case Node::Kind::decimal:
      return fmt::format("{}", node.decimal);
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::time:
      return "a date or time";
    case Node::Kind::text:
    case Node::Kind::bare:
      break;
  }
  if (node.text.size() <= shown_max) return quote(node.text);
  std::size_t end = shown_max;
  while (end > 0 && is_continuation(node.text[end])) --end;
  return quote(std::string_view(node.text).substr(0, end)) + " and more";
}

bool is_utf8(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    std::size_t length = 1;
    std::uint32_t point = first;
    if (first >= 0xF0 && first <= 0xF4) {
      length = 4;
      point = first & 0x07U;
    } else if (first >= 0xE0 && first < 0xF0) {
      length = 3;
      point = first & 0x0FU;
    } else if (first >= 0xC2 && first < 0xE0) {
      length = 2;
      point = first & 0x1FU;
    } else if (first >= 0x80) {
      return false;
    }
    if (length > bytes.size() - i) return false;
    for (std::size_t j = 1; j < length; ++j) {
      if (!is_continuation(bytes[i + j])) return false;
      point = (point << 6U) | (static_cast<unsigned char>(bytes[i + j]) & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (point < least.at(length) || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace millrace::config
