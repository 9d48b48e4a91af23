// Rows of include, [node], [listen], [cluster], [membership] and [drain].
#include <charconv>

#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

// Stores one row of cluster.overrides, for example "3" = "a": shard 3 is pinned to node a. Ignores
// a name that is not a number, which check_nodes() reports.
void take_override(Config& config, const Value& value) {
  std::uint32_t shard = 0;
  const char* end = value.name.data() + value.name.size();
  const auto [rest, error] = std::from_chars(value.name.data(), end, shard);
  if (error == std::errc{} && rest == end) config.cluster.overrides[shard] = value.text;
}

void add_identity(KeyTable& table) {
  table.keys.push_back({.path = "include",
                        .type = Type::paths,
                        .doc = "Files to include, by path relative to this file. Values of this "
                               "file win; lists of tables merge by name.",
                        .example = "[\"common.toml\"]"});
  table.groups.push_back({.path = "node", .doc = "This node."});
  table.keys.push_back({.path = "node.name",
                        .type = Type::seat,
                        .doc = "The node's name, one of those under cluster.nodes. With log.engine "
                               "= \"postgres\" also \"*\": any that no other process has; until "
                               "one is free, the process waits as a standby.",
                        .store = take<&Config::node, &NodeConfig::name>,
                        .example = "\"a\"",
                        .is_required = true});
  table.keys.push_back({.path = "node.data_dir",
                        .type = Type::path,
                        .fallback = "\"data\"",
                        .doc = "Directory of the data of the node; created if missing. With "
                               "node.name = \"*\" that of all nodes, each in a directory within.",
                        .store = take<&Config::node, &NodeConfig::data_dir>});
  table.keys.push_back({.path = "node.roles",
                        .type = Type::names,
                        .doc =
                            "Roles of the node: a stage with a role runs only on nodes that "
                            "have the role. Unset: the roles of this node in cluster.nodes. With "
                            "node.name = \"*\": takes only nodes with these roles.",
                        .store = take<&Config::node, &NodeConfig::roles>,
                        .example = "[\"worker\"]"});
  table.groups.push_back({.path = "listen", .doc = "Addresses that this node listens on."});
  table.keys.push_back(
      {.path = "listen.cluster",
       .type = Type::address,
       .fallback = "\"127.0.0.1:7400\"",
       .doc = "For other nodes; an address beyond loopback requires [tls]. Port 0: the system "
              "chooses. Unset: the address of this node in cluster.nodes.",
       .store = take<&Config::listen, &ListenConfig::cluster>});
  table.keys.push_back(
      {.path = "listen.http",
       .type = Type::address,
       .fallback = "\"127.0.0.1:8400\"",
       .doc = "For HTTP; an address beyond loopback requires http.token_file. Port 0: the system "
              "chooses. Unset: the http of this node in cluster.nodes.",
       .store = take<&Config::listen, &ListenConfig::http>});
  table.keys.push_back(
      {.path = "listen.advertise",
       .type = Type::address,
       .doc = "Where other nodes reach this one, told to them by the database with log.engine = "
              "\"postgres\"; its host also counts for HTTP. Port 0: that of listen.cluster. Unset: "
              "listen.cluster.",
       .store = take<&Config::listen, &ListenConfig::advertise>,
       .example = "\"10.0.0.7:0\""});
}

void add_cluster(KeyTable& table) {
  table.groups.push_back(
      {.path = "cluster", .doc = "The cluster; these keys must be equal on all its nodes."});
  table.keys.push_back(
      {.path = "cluster.name",
       .type = Type::name,
       .fallback = "\"millrace\"",
       .doc = "Name of the cluster; connections from nodes of another cluster are refused.",
       .store = take<&Config::cluster, &ClusterConfig::name>});
  table.keys.push_back({.path = "cluster.shards",
                        .type = Type::integer,
                        .fallback = "16",
                        .doc = "Shards of every queue; fixed for the life of the data.",
                        .store = take<&Config::cluster, &ClusterConfig::shards>,
                        .min = 1,
                        .max = 1024});
  table.groups.push_back(
      {.path = "cluster.nodes[]",
       .doc =
           "A node of the cluster. No entries: the cluster is this node alone; with log.engine = "
           "\"postgres\" its nodes are those in the database, see millrace cluster add.",
       .open = add_item<&Config::cluster, &ClusterConfig::nodes>});
  table.keys.push_back({.path = "cluster.nodes[].name",
                        .type = Type::name,
                        .doc = "Name of the node; equal to the name in its certificate.",
                        .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::name>,
                        .example = "\"a\"",
                        .is_required = true});
  table.keys.push_back(
      {.path = "cluster.nodes[].address",
       .type = Type::address,
       .doc = "Address that the other nodes connect to. Required; with log.engine = \"postgres\" "
              "unset: it is in the database.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::address>,
       .example = "\"127.0.0.1:7400\""});
  table.keys.push_back({.path = "cluster.nodes[].http",
                        .type = Type::address,
                        .doc = "Address of its HTTP API for clients. Unset: not published.",
                        .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::http>,
                        .example = "\"127.0.0.1:8400\""});
  table.keys.push_back(
      {.path = "cluster.nodes[].weight",
       .type = Type::integer,
       .fallback = "100",
       .doc = "Share of the shards, relative to the other nodes; 0: none.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::weight>,
       .min = 0,
       .max = 1'000});
  table.keys.push_back(
      {.path = "cluster.nodes[].roles",
       .type = Type::names,
       .doc = "Roles of the node. Unset: none.",
       .store = take<&Config::cluster, &ClusterConfig::nodes, &MemberConfig::roles>,
       .example = "[\"worker\"]"});
  table.groups.push_back({.path = "cluster.overrides", .doc = "Shards pinned to a node."});
  table.keys.push_back(
      {.path = "cluster.overrides.*",
       .type = Type::name,
       .doc = "The key is the number of a shard, the value is the node that serves it.",
       .store = take_override,
       .example = "\"a\""});
}

void add_life(KeyTable& table) {
  table.groups.push_back({.path = "membership", .doc = "Detection of failed nodes."});
  table.keys.push_back({.path = "membership.heartbeat",
                        .type = Type::duration,
                        .fallback = "\"1s\"",
                        .doc = "Time between two heartbeats.",
                        .store = take<&Config::membership, &MembershipConfig::heartbeat>,
                        .min = second / 20,
                        .max = 60 * second});
  table.keys.push_back(
      {.path = "membership.phi_threshold",
       .type = Type::decimal,
       .fallback = "8.0",
       .doc = "Suspicion at which a node counts as unreachable, by the phi accrual failure "
              "detector; a higher value detects later, with fewer false alarms.",
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
  table.groups.push_back({.path = "drain", .doc = "Orderly stop of a node."});
  table.keys.push_back(
      {.path = "drain.timeout",
       .type = Type::duration,
       .fallback = "\"30s\"",
       .doc = "Limit for the whole drain; then the node stops at once, which loses nothing.",
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
