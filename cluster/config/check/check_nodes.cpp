// Cross checks of the nodes of a cluster: names, addresses, roles, weights and pinned shards.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "cluster/config/address.hpp"
#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/document.hpp"
#include "cluster/config/seats.hpp"

namespace millrace::config {
namespace {

std::string path_of(std::size_t index, const char* key) {
  return fmt::format("cluster.nodes.{}.{}", index, key);
}

std::string quoted_names(const std::vector<MemberConfig>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const MemberConfig& node : nodes) names.push_back(quote(node.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool has_node(const Config& config, const std::string& name) {
  if (config.cluster.nodes.empty()) return config.node.name == name;
  return std::any_of(config.cluster.nodes.begin(), config.cluster.nodes.end(),
                     [&](const MemberConfig& node) { return node.name == name; });
}

std::string known_nodes(const Config& config) {
  if (config.cluster.nodes.empty()) return quote(config.node.name);
  return quoted_names(config.cluster.nodes);
}

void check_any_seat(Complaints& complaints) {
  const Config& config = complaints.config();
  if (config.log.engine != LogEngine::postgres) {
    complaints.add(
        "node.name",
        "expected " +
            (config.cluster.nodes.empty() ? std::string("a name")
                                          : "one of cluster.nodes (" + known_nodes(config) + ")") +
            ", as log.engine is \"journal\", got \"*\": only with \"postgres\" may a process "
            "take any node");
    return;
  }
  const bool has_own =
      std::any_of(config.cluster.nodes.begin(), config.cluster.nodes.end(),
                  [&](const MemberConfig& node) { return may_take(config, node); });
  if (config.cluster.nodes.empty() || has_own) return;
  complaints.add("node.roles",
                 fmt::format("expected the roles of one of cluster.nodes ({}), got [{}]",
                             known_nodes(config), fmt::join(config.node.roles, ", ")));
}

void check_names(Complaints& complaints) {
  const Config& config = complaints.config();
  if (complaints.is_sound("node.name") && config.node.name == any_seat) {
    check_any_seat(complaints);
  } else if (complaints.is_sound("node.name") && !has_node(config, config.node.name)) {
    complaints.add("node.name", "expected one of cluster.nodes (" + known_nodes(config) +
                                    "), got " + quote(config.node.name));
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < config.cluster.nodes.size(); ++i) {
    const std::string& name = config.cluster.nodes[i].name;
    const auto [first, is_new] = seen.try_emplace(name, i);
    if (is_new) continue;
    complaints.add(path_of(i, "name"), "expected a name of its own, got " + quote(name) +
                                           ", which cluster.nodes." +
                                           std::to_string(first->second) + " has");
  }
}

// Checks that each address of the cluster is used once and has a port other than 0.
class Addresses {
 public:
  explicit Addresses(Complaints& complaints) : complaints_(complaints) {}

  void check(const std::string& path, const std::string& address) {
    if (address.empty()) return;
    const auto parsed = parse_address(address);
    if (parsed && parsed->port == 0) {
      complaints_.add(path, "expected a port that others can call, from 1 to 65535, got 0");
      return;
    }
    const auto [first, is_new] = seen_.try_emplace(address, path);
    if (is_new) return;
    complaints_.add(path, "expected an address of its own, got " + quote(address) + ", which is " +
                              first->second + " too");
  }

 private:
  Complaints& complaints_;
  std::map<std::string, std::string> seen_;
};

void check_addresses(Complaints& complaints) {
  const Config& config = complaints.config();
  Addresses addresses(complaints);
  for (std::size_t i = 0; i < config.cluster.nodes.size(); ++i) {
    const std::string path = path_of(i, "address");
    if (config.cluster.nodes[i].address.empty() && config.log.engine == LogEngine::journal &&
        complaints.is_sound(path)) {
      complaints.add(path, "expected an address \"host:port\", got nothing", path_of(i, "name"));
    }
    addresses.check(path, config.cluster.nodes[i].address);
    addresses.check(path_of(i, "http"), config.cluster.nodes[i].http);
  }
  if (!complaints.is_sound("cluster.nodes")) return;
  const auto cluster = parse_address(config.listen.cluster);
  const auto http = parse_address(config.listen.http);
  if (cluster && http && cluster->port != 0 && *cluster == *http) {
    complaints.add("listen.http",
                   "expected another address than listen.cluster, got " + quote(config.listen.http),
                   "listen.cluster");
  }
}

void check_advertised(Complaints& complaints) {
  const Config& config = complaints.config();
  const auto listens = parse_address(config.listen.cluster);
  const auto told = parse_address(config.listen.advertise);
  const bool is_known = told ? !is_wildcard(told->host) : listens && !is_wildcard(listens->host);
  if (is_known || (!told && !must_advertise(config))) return;
  complaints.add("listen.advertise",
                 "expected an address at which other nodes reach this one, as listen.cluster is " +
                     quote(config.listen.cluster) + ", got " +
                     (told ? quote(config.listen.advertise) : "nothing"),
                 "listen.cluster");
}

void check_roles(Complaints& complaints) {
  const Config& config = complaints.config();
  if (config.has_seats() && !config.node.roles.empty()) {
    complaints.add("node.roles",
                   fmt::format("expected cluster.nodes to name the nodes and their roles, as this "
                               "node has some, got no cluster.nodes but [{}]",
                               fmt::join(config.node.roles, ", ")));
  }
  for (std::size_t i = 0; i < config.cluster.nodes.size(); ++i) {
    const MemberConfig& node = config.cluster.nodes[i];
    if (node.name != config.node.name || node.roles == config.node.roles) continue;
    complaints.add("node.roles",
                   fmt::format("expected the same as cluster.nodes.{}.roles ([{}]), "
                               "got [{}]",
                               i, fmt::join(node.roles, ", "), fmt::join(config.node.roles, ", ")));
  }
}

void check_weights(Complaints& complaints) {
  const auto& nodes = complaints.config().cluster.nodes;
  const bool has_weight = std::any_of(nodes.begin(), nodes.end(),
                                      [](const MemberConfig& node) { return node.weight > 0; });
  if (nodes.empty() || has_weight) return;
  complaints.add(path_of(0, "weight"), "expected a node that takes shards, got 0 for all of them");
}

void check_override(Complaints& complaints, const std::string& shard) {
  const Config& config = complaints.config();
  const std::string path = "cluster.overrides." + shard;
  const auto found =
      std::find_if(config.cluster.overrides.begin(), config.cluster.overrides.end(),
                   [&](const auto& each) { return std::to_string(each.first) == shard; });
  if (found == config.cluster.overrides.end() || found->first >= config.cluster.shards) {
    complaints.add(path, fmt::format("expected the number of a shard, from 0 to {}, got {}",
                                     config.cluster.shards - 1, shard));
  } else if (!config.has_seats() && !has_node(config, found->second)) {
    complaints.add(path, "expected one of cluster.nodes (" + known_nodes(config) + "), got " +
                             quote(found->second));
  }
}

}  // namespace

void check_nodes(Complaints& complaints) {
  if (!complaints.is_sound("cluster")) return;
  check_names(complaints);
  check_addresses(complaints);
  check_weights(complaints);
  if (complaints.is_sound("node")) check_roles(complaints);
  if (complaints.is_sound("listen")) check_advertised(complaints);
  for (const std::string& shard : complaints.names_below("cluster.overrides")) {
    check_override(complaints, shard);
  }
}

}  // namespace millrace::config
