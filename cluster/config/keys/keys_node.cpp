// Who this node is, whom it knows, and how it comes and goes.
#include <charconv>

#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {
namespace {

constexpr std::int64_t second = 1'000'000;

// "3" = "a". What is no number is complained about by the cross checks, which know the shards.
void take_override(Config& config, const Value& value) {
  std::uint32_t shard = 0;
  const char* end = value.name.data() + value.name.size();
  const auto [rest, error] = std::from_chars(value.name.data(), end, shard);
  if (error == std::errc{} && rest == end) config.cluster.overrides[shard] = value.text;
}

void add_identity(KeyTable& table) {
  table.keys.push_back(
      {.path = "include",
       .type = Type::paths,
       .doc = "Files that this one builds on, by their path from here. What this file says goes "
              "before what they say; lists of tables merge by name.",
       .example = "[\"common.toml\"]"});
  table.groups.push_back({.path = "node", .doc = "This node."});
  table.keys.push_back({.path = "node.name",
                        .type = Type::name,
                        .doc = "The node's name, one of those under cluster.nodes.",
                        .store = take<&Config::node, &NodeConfig::name>,
                        .example = "\"a\"",
                        .is_required = true});
  table.keys.push_back({.path = "node.data_dir",
                        .type = Type::path,
                        .fallback = "\"data\"",
                        .doc = "Folder of all that the node keeps; made where there is none.",
                        .store = take<&Config::node, &NodeConfig::data_dir>});
  table.keys.push_back({.path = "node.roles",
                        .type = Type::names,
                        .doc = "What the node is for: a stage with a role runs only where it is "
                               "named. Unset: as under cluster.nodes.",
                        .store = take<&Config::node, &NodeConfig::roles>,
                        .example = "[\"worker\"]"});
  table.groups.push_back({.path = "listen", .doc = "Where this node takes connections."});
  table.keys.push_back({.path = "listen.cluster",
                        .type = Type::address,
                        .fallback = "\"127.0.0.1:7400\"",
                        .doc =
                            "For other nodes; beyond loopback only with [tls]. Port 0: the system "
                            "chooses. Unset: the node's address under cluster.nodes.",
                        .store = take<&Config::listen, &ListenConfig::cluster>});
  table.keys.push_back({.path = "listen.http",
                        .type = Type::address,
                        .fallback = "\"127.0.0.1:8400\"",
                        .doc = "For HTTP; beyond loopback only with http.token_file. Port 0: the "
                               "system chooses. Unset: the node's http under cluster.nodes.",
                        .store = take<&Config::listen, &ListenConfig::http>});
}

void add_cluster(KeyTable& table) {
  table.groups.push_back({.path = "cluster", .doc = "The cluster; the same on all its nodes."});
  table.keys.push_back({.path = "cluster.name",
                        .type = Type::name,
                        .fallback = "\"millrace\"",
                        .doc = "Nodes of another cluster are turned away.",
                        .store = take<&Config::cluster, &ClusterConfig::name>});
  table.keys.push_back({.path = "cluster.shards",
                        .type = Type::integer,
                        .fallback = "16",
                        .doc = "Shards of every queue; fixed for the life of the data.",
                        .store = take<&Config::cluster, &ClusterConfig::shards>,
                        .min = 1,
                        .max = 1024});
  table.groups.push_back({.path = "cluster.nodes[]",
                          .doc = "A node of the cluster. Without any, this node is alone.",
                          .open = add_item<&Config::cluster, &ClusterConfig::nodes>});
  table.keys.push_back({.path = "cluster.nodes[].name",
                        .type = Type::name,
                        .doc = "The node's name, which its certificate carries.",
                        .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::name>,
                        .example = "\"a\"",
                        .is_required = true});
  table.keys.push_back(
      {.path = "cluster.nodes[].address",
       .type = Type::address,
       .doc = "Where the other nodes reach it.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::address>,
       .example = "\"127.0.0.1:7400\"",
       .is_required = true});
  table.keys.push_back({.path = "cluster.nodes[].http",
                        .type = Type::address,
                        .doc = "Where clients reach its HTTP API. Unset: they are not told.",
                        .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::http>,
                        .example = "\"127.0.0.1:8400\""});
  table.keys.push_back(
      {.path = "cluster.nodes[].weight",
       .type = Type::integer,
       .fallback = "100",
       .doc = "Its share of the shards, relative to the others; 0: none.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::weight>,
       .min = 0,
       .max = 1'000});
  table.keys.push_back(
      {.path = "cluster.nodes[].roles",
       .type = Type::names,
       .doc = "What it is for. Unset: no role.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::roles>,
       .example = "[\"worker\"]"});
  table.groups.push_back({.path = "cluster.overrides", .doc = "Shards pinned to a node."});
  table.keys.push_back({.path = "cluster.overrides.*",
                        .type = Type::name,
                        .doc = "By the number of the shard: the node that it is placed on.",
                        .store = take_override,
                        .example = "\"a\""});
}

void add_life(KeyTable& table) {
  table.groups.push_back({.path = "membership", .doc = "How nodes notice that one is gone."});
  table.keys.push_back({.path = "membership.heartbeat",
                        .type = Type::duration,
                        .fallback = "\"1s\"",
                        .doc = "Time between two heartbeats.",
                        .store = take<&Config::membership, &MembershipConfig::heartbeat>,
                        .min = second / 20,
                        .max = 60 * second});
  table.keys.push_back({.path = "membership.phi_threshold",
                        .type = Type::decimal,
                        .fallback = "8.0",
                        .doc = "Suspicion at which a node counts as unreachable, by the phi "
                               "accrual failure detector; higher is slower and surer.",
                        .store = take<&Config::membership, &MembershipConfig::phi_threshold>,
                        .min = 1,
                        .max = 20});
  table.keys.push_back({.path = "membership.acceptable_pause",
                        .type = Type::duration,
                        .fallback = "\"3s\"",
                        .doc = "Silence that raises no suspicion; at least one heartbeat.",
                        .store = take<&Config::membership, &MembershipConfig::acceptable_pause>,
                        .min = 0,
                        .max = 600 * second});
  table.groups.push_back({.path = "drain", .doc = "How a node stops in order."});
  table.keys.push_back(
      {.path = "drain.timeout",
       .type = Type::duration,
       .fallback = "\"30s\"",
       .doc = "For all of it; then the node stops as after a crash, which is safe.",
       .store = take<&Config::drain, &DrainConfig::timeout>,
       .min = second,
       .max = 3600 * second});
}

}  // namespace

void add_node_keys(KeyTable& table) {
  add_identity(table);
  add_cluster(table);
  add_life(table);
}

}  // namespace millrace::config
