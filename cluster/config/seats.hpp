// Seats of a configuration: which nodes a process may become, and where it says that it is reached.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/config/config.hpp"

namespace millrace::config {

/// Whether a process with this configuration may become the node `member`: node.name is its name, or "*"
/// and node.roles is empty or has the same roles.
[[nodiscard]] bool may_take(const Config& config, const MemberConfig& member);

/// Whether other nodes learn from the database where this one is reached, because cluster.nodes does not
/// say so.
[[nodiscard]] bool must_advertise(const Config& config);

/// Addresses "host:port" that go into the database.
struct Advertised {
  std::string cluster;
  std::string http;
};

/// Where a node is reached that listens on these ports: at the hosts of listen.cluster and listen.http, or
/// at listen.advertise, whose port 0 stands for `cluster_port`. REQUIRES: the configuration was checked.
[[nodiscard]] Advertised advertised(const Config& config, std::uint16_t cluster_port,
                                    std::uint16_t http_port);

/// Whether `host` stands for all addresses of a machine, which nobody can dial: 0.0.0.0, ::.
[[nodiscard]] bool is_wildcard(const std::string& host);

}  // namespace millrace::config
