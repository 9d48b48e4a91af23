#include "cluster/config/seats.hpp"

#include <algorithm>
#include <set>

#include "cluster/config/address.hpp"

namespace millrace::config {
namespace {

std::string join_address(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string host_of(const std::string& address) {
  const auto parsed = parse_address(address);
  return parsed ? parsed->host : std::string();
}

}  // namespace

bool may_take(const Config& config, const MemberConfig& member) {
  if (config.node.name != any_seat) return config.node.name == member.name;
  if (config.node.roles.empty()) return true;
  return std::set<std::string>(config.node.roles.begin(), config.node.roles.end()) ==
         std::set<std::string>(member.roles.begin(), member.roles.end());
}

bool must_advertise(const Config& config) {
  if (config.log.engine != LogEngine::postgres) return false;
  if (config.has_seats()) return true;
  return std::any_of(config.cluster.nodes.begin(), config.cluster.nodes.end(),
                     [&](const MemberConfig& member) {
                       return member.address.empty() && may_take(config, member);
                     });
}

Advertised advertised(const Config& config, std::uint16_t cluster_port, std::uint16_t http_port) {
  Advertised addresses;
  if (const auto told = parse_address(config.listen.advertise)) {
    addresses.cluster = join_address(told->host, told->port == 0 ? cluster_port : told->port);
    addresses.http = join_address(told->host, http_port);
  } else {
    addresses.cluster = join_address(host_of(config.listen.cluster), cluster_port);
    addresses.http = join_address(host_of(config.listen.http), http_port);
  }
  return addresses;
}

bool is_wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

}  // namespace millrace::config
