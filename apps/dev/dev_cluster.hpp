// Runs a local cluster: generates config files and certificates, and starts a process per node.
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/serve/signals.hpp"
#include "messages/result.hpp"

namespace millrace::dev {

struct DevOptions {
  std::uint32_t nodes = 3;       ///< 1 to 16
  std::filesystem::path folder;  ///< of all files; kept and reused by the next run
  /// First of consecutive ports, for the links of the nodes and then for HTTP; 0: free ports for the links.
  std::uint16_t port = 0;
  /// First of consecutive ports for HTTP, without `port`; if one of them is taken, or 0, free ports. The
  /// default is where commands look for a node.
  std::uint16_t http_port = 8400;
  /// First of consecutive ports for clients of Kafka; if one of them is taken, free ports; 0: none are
  /// served.
  std::uint16_t kafka_port = 9092;
};

/// Runs the cluster until SIGTERM or SIGINT, then drains it; a second of these signals kills it.
/// Restarts a node whose process ends. Prints the addresses of the nodes on stdout and events on
/// stderr. A folder of an earlier run may get more nodes, not fewer. Blocks. Fails with
/// `storage_failed`, `storage_locked` (a cluster runs in the folder), `invalid_argument` (the folder
/// has more nodes), `unreachable` (no free port) or `timeout` (a node did not drain). REQUIRES: `signals` was created before any thread.
[[nodiscard]] Result<void> run_cluster(const DevOptions& options, const serve::Signals& signals);

}  // namespace millrace::dev
