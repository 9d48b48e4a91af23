#include "cluster/config/read/resolved.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/config/address.hpp"
#include "cluster/config/read/parse_value.hpp"
#include "cluster/config/read/schema.hpp"

namespace millrace::config {

const Setting* Resolved::find(std::string_view path) const {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.path == path; });
  return found == settings.end() ? nullptr : &*found;
}

namespace {

const Node* find_node(const Node& table, std::string_view name, Node::Kind kind) {
  const Member* member = find(table, name);
  return member != nullptr && member->node.kind == kind ? &member->node : nullptr;
}

// Returns the entry of this node in cluster.nodes, or nullptr.
const Node* find_self(const Node& root) {
  const Node* node = find_node(root, "node", Node::Kind::table);
  const Node* cluster = find_node(root, "cluster", Node::Kind::table);
  if (node == nullptr || cluster == nullptr) return nullptr;
  const Node* nodes = find_node(*cluster, "nodes", Node::Kind::list);
  const Member* name = find(*node, "name");
  if (nodes == nullptr || name == nullptr || !is_text(name->node)) return nullptr;
  const auto self = std::find_if(nodes->items.begin(), nodes->items.end(), [&](const Node& item) {
    const Member* other = find(item, "name");
    return other != nullptr && is_text(other->node) && other->node.text == name->node.text;
  });
  return self == nodes->items.end() ? nullptr : &*self;
}

void add(Node& root, std::string_view table, std::string_view key, const Member* from) {
  if (from == nullptr) return;
  Member* at = find(root, table);
  if (at == nullptr) {
    root.members.push_back({.name = std::string(table),
                            .place = from->place,
                            .node = Node(Node::Kind::table, from->place)});
    at = &root.members.back();
  }
  if (at->node.kind != Node::Kind::table || find(at->node, key) != nullptr) return;
  at->node.members.push_back({.name = std::string(key), .place = from->place, .node = from->node});
}

// Skips an invalid address: convert() reports it at its own position, and only once.
const Member* find_address(const Node& entry, std::string_view key) {
  const Member* found = find(entry, key);
  if (found == nullptr || !is_text(found->node)) return nullptr;
  return parse_address(found->node.text) ? found : nullptr;
}

}  // namespace

void derive(Node& root) {
  const Node* self = find_self(root);
  if (self == nullptr) return;
  const Node entry = *self;  // a copy, because add() below may reallocate within `root`
  add(root, "listen", "cluster", find_address(entry, "address"));
  add(root, "listen", "http", find_address(entry, "http"));
  const Member* roles = find(entry, "roles");
  if (roles == nullptr) return;
  if (roles->node.kind == Node::Kind::list || is_text(roles->node)) {
    add(root, "node", "roles", roles);
  }
}

namespace {

constexpr std::size_t items_max = 1'000;

class Converter {
 public:
  Converter(bool is_partial, Resolved& into) : is_partial_(is_partial), into_(into) {}

  /// `node` is nullptr if the document lacks this table; its keys then get their defaults.
  void table(const Schema& schema, const Node* node, const std::string& path, const Place& place) {
    for (const Schema& child : schema.children) {
      const Member* member = node != nullptr ? find(*node, child.name) : nullptr;
      field(child, member, join(path, child.name), place);
    }
    if (node == nullptr) return;
    for (const Member& member : node->members) {
      if (schema.child(member.name) == nullptr) {
        complain(member.place, join(path, member.name), explain_unknown(schema, path, member.name));
      }
    }
  }

  /// After all tables.
  void finish() { into_.program = ProgramConfig(std::move(program_)); }

 private:
  static ProgramConfig::Value program_value(const Key& key, const Value& value) {
    switch (key.type) {
      case Type::integer:
      case Type::duration:
      case Type::size:
        return value.integer;
      case Type::decimal:
        return value.decimal;
      case Type::boolean:
        return value.boolean;
      default:
        return value.text;
    }
  }

  void complain(const Place& place, const std::string& path, std::string what) {
    into_.problems.push_back({.place = place, .path = path, .what = std::move(what)});
  }

  void field(const Schema& schema, const Member* member, const std::string& path,
             const Place& around) {
    if (schema.shape == Schema::Shape::value) {
      value(schema, member, path, around);
    } else if (member == nullptr) {
      if (schema.shape == Schema::Shape::table) table(schema, nullptr, path, around);
    } else if (schema.shape == Schema::Shape::list) {
      list(schema, *member, path);
    } else if (member->node.kind != Node::Kind::table) {
      complain(member->node.place, path, "expected a table, got " + describe(member->node));
    } else if (schema.shape == Schema::Shape::named) {
      named(schema.children.front(), member->node, path);
    } else {
      table(schema, &member->node, path, member->place);
    }
  }

  void list(const Schema& schema, const Member& member, const std::string& path) {
    const auto refuse = [&](const Node& node) {
      complain(node.place, path,
               "expected tables, written [[" + path + "]], got " + describe(node));
    };
    if (member.node.kind != Node::Kind::list) return refuse(member.node);
    if (member.node.items.size() > items_max) {
      return complain(member.place, path,
                      "expected at most " + std::to_string(items_max) + " tables, got " +
                          std::to_string(member.node.items.size()));
    }
    std::size_t index = 0;
    for (const Node& item : member.node.items) {
      if (item.kind != Node::Kind::table) {
        refuse(item);
        continue;
      }
      schema.group->open(into_.config, "");
      table(schema, &item, join(path, std::to_string(index++)), item.place);
    }
  }

  void named(const Schema& schema, const Node& node, const std::string& path) {
    for (const Member& member : node.members) {
      if (schema.shape == Schema::Shape::table && member.node.kind == Node::Kind::table) {
        schema.group->open(into_.config, member.name);
      }
      field(schema, &member, join(path, member.name), member.place);
    }
  }

  void value(const Schema& schema, const Member* member, const std::string& path,
             const Place& around) {
    const Key& key = *schema.key;
    if (key.store == nullptr) return;
    if (member != nullptr) {
      store(key, member->name, member->node, path, false);
    } else if (!key.fallback.empty()) {
      Node node = node_of_toml(key.fallback);
      node.place = {.source = "default"};
      store(key, schema.name, node, path, true);
    } else if (key.is_required && !is_partial_) {
      complain(around, path, "expected " + expectation(key) + ", got nothing");
    }
  }

  void store(const Key& key, const std::string& name, const Node& node, const std::string& path,
             bool is_default) {
    auto parsed = parse_value(key, node);
    if (const auto* what = std::get_if<std::string>(&parsed)) {
      return complain(node.place, path, *what);
    }
    Value& value = std::get<Value>(parsed);
    value.name = name;
    value.is_default = is_default;
    key.store(into_.config, value);
    if (key.is_program) program_.insert_or_assign(path, program_value(key, value));
    into_.settings.push_back({.path = path,
                              .value = to_toml(key, value),
                              .place = node.place,
                              .is_default = is_default});
  }

  bool is_partial_;
  Resolved& into_;
  std::map<std::string, ProgramConfig::Value, std::less<>> program_;
};

}  // namespace

void convert(const Node& root, bool is_partial, Resolved& into) {
  Converter converter(is_partial, into);
  converter.table(schema(), &root, "", root.place);
  converter.finish();
}

}  // namespace millrace::config
