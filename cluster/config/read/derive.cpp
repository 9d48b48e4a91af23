#include "cluster/config/read/derive.hpp"

#include <algorithm>
#include <string_view>

#include "cluster/config/address.hpp"

namespace millrace::config {
namespace {

const Node* find_node(const Node& table, std::string_view name, Node::Kind kind) {
  const Member* member = find(table, name);
  return member != nullptr && member->node.kind == kind ? &member->node : nullptr;
}

bool is_text(const Node& node) {
  return node.kind == Node::Kind::text || node.kind == Node::Kind::bare;
}

// The entry of this node under cluster.nodes, or null.
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

// A bad address is complained about once, where it stands.
const Member* find_address(const Node& entry, std::string_view key) {
  const Member* found = find(entry, key);
  if (found == nullptr || !is_text(found->node)) return nullptr;
  return parse_address(found->node.text) ? found : nullptr;
}

}  // namespace

void derive(Node& root) {
  const Node* self = find_self(root);
  if (self == nullptr) return;
  const Node entry = *self;  // `root` grows below
  add(root, "listen", "cluster", find_address(entry, "address"));
  add(root, "listen", "http", find_address(entry, "http"));
  const Member* roles = find(entry, "roles");
  if (roles == nullptr) return;
  if (roles->node.kind == Node::Kind::list || is_text(roles->node)) {
    add(root, "node", "roles", roles);
  }
}

}  // namespace millrace::config
