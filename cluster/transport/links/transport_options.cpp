#include "cluster/transport/links/transport_options.hpp"

#include <set>
#include <string>

#include <arpa/inet.h>

#include "cluster/transport/protocol/hello_check.hpp"

namespace millrace::transport {
namespace {

Error bad(const std::string& option, const std::string& what) {
  return {ErrorCode::invalid_argument, "transport: " + option + ": " + what};
}

Result<void> check_peers(const TransportOptions& options) {
  if (options.peers.size() > peers_max) {
    return bad("peers", "expected at most " + std::to_string(peers_max));
  }
  std::set<std::string> names{options.own.node};
  for (const Peer& peer : options.peers) {
    if (!is_node_name(peer.name)) return bad("peers", "'" + peer.name + "' is no name of a node");
    if (!names.insert(peer.name).second) return bad("peers", "'" + peer.name + "' is there twice");
    if (!dials(options.own.node, peer.name)) continue;
    if (peer.address.host.empty() != (peer.address.port == 0)) {
      return bad("peers", "'" + peer.name + "' is dialed from here, and has no host or no port");
    }
  }
  return {};
}

}  // namespace

bool is_loopback(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<void> check_options(const TransportOptions& options) {
  if (!is_node_name(options.own.node)) {
    return bad("own.node",
               "'" + options.own.node + "', expected up to 63 letters, digits, '-', '_' or '.'");
  }
  if (options.own.cluster.empty() || options.own.cluster.size() > 63) {
    return bad("own.cluster", "expected 1 to 63 characters");
  }
  if (!options.tls && !is_loopback(options.listen.host)) {
    return bad("listen", options.listen.host +
                             " without tls, expected an address of loopback such as 127.0.0.1");
  }
  if (options.frame_bytes_max == 0 || options.frame_bytes_max > (64u << 20)) {
    return bad("frame_bytes_max", "expected 1 to 64 MiB");
  }
  if (options.window_bytes == 0 || options.unproven_max == 0 ||
      options.consecutive_reads_max == 0) {
    return bad("window_bytes, unproven_max, consecutive_reads_max", "expected at least 1");
  }
  for (const auto span : {options.hello_timeout, options.ping_interval, options.silence_max,
                          options.redial_first, options.redial_max}) {
    if (span < std::chrono::milliseconds(1)) return bad("times", "expected at least 1 ms");
  }
  if (options.silence_max < options.ping_interval * 2) {
    return bad("silence_max", "expected at least two ping_intervals");
  }
  return check_peers(options);
}

}  // namespace millrace::transport
