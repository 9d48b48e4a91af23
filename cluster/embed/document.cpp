#include "cluster/embed/document.hpp"

#include <string_view>
#include <utility>

namespace millrace::embed {
namespace {

using config::Node;
using Kind = Node::Kind;

constexpr std::string_view set_source = "--set ";

config::Place place() {
  return {.source = "options"};
}

Node text(std::string value) {
  return {Kind::text, place(), std::move(value)};
}

Node number(std::uint32_t value) {
  Node node(Kind::integer, place());
  node.integer = value;
  return node;
}

Node list_of(const std::vector<std::string>& values) {
  Node list(Kind::list, place());
  for (const std::string& value : values) list.items.push_back(text(value));
  return list;
}

void put(Node& table, std::string name, Node node) {
  table.members.push_back({.name = std::move(name), .place = place(), .node = std::move(node)});
}

void put_unless_empty(Node& table, std::string name, const std::string& value) {
  if (!value.empty()) put(table, std::move(name), text(value));
}

Node table() {
  return {Kind::table, place()};
}

Node member(const ClusterMember& member) {
  Node node = table();
  put(node, "name", text(member.name));
  put_unless_empty(node, "address", member.address);
  put_unless_empty(node, "http", member.http);
  put(node, "weight", number(member.weight));
  if (!member.roles.empty()) put(node, "roles", list_of(member.roles));
  return node;
}

Node cluster(const EmbeddedOptions& options) {
  Node node = table();
  put(node, "name", text(options.cluster));
  put(node, "shards", number(options.shards));
  if (!options.members.empty()) {
    Node members(Kind::list, place());
    for (const ClusterMember& each : options.members) members.items.push_back(member(each));
    put(node, "nodes", std::move(members));
  }
  return node;
}

}  // namespace

Node document_of(const EmbeddedOptions& options) {
  Node root = table();
  Node node = table();
  put(node, "name", text(options.node));
  put(node, "data_dir", text(options.data_dir.string()));
  put(root, "node", std::move(node));
  put(root, "cluster", cluster(options));
  Node listen = table();
  put_unless_empty(listen, "cluster", options.listen);
  put_unless_empty(listen, "http", options.listen_http);
  put(root, "listen", std::move(listen));
  if (options.tls) {
    Node tls = table();
    put(tls, "ca", text(options.tls->ca.string()));
    put(tls, "certificate", text(options.tls->certificate.string()));
    put(tls, "key", text(options.tls->key.string()));
    put(root, "tls", std::move(tls));
  }
  Node http = table();
  put_unless_empty(http, "token_file", options.http_token_file.string());
  put(root, "http", std::move(http));
  return root;
}

std::vector<std::string> sets_of(const EmbeddedOptions& options) {
  std::vector<std::string> sets;
  for (const auto& [path, value] : options.settings) sets.push_back(path + '=' + value);
  return sets;
}

std::string text_of(const config::Problems& problems) {
  std::string lines;
  for (config::Problem problem : problems) {
    if (problem.place.source.starts_with(set_source)) {
      problem.place.source.replace(0, set_source.size(), "settings ");
    }
    lines += (lines.empty() ? "" : "\n") + to_string(problem);
  }
  return lines;
}

}  // namespace millrace::embed
