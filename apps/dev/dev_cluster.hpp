// A local cluster from nothing: config files, certificates, and a process a node.
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/serve/signals.hpp"
#include "messages/result.hpp"

namespace millrace::dev {

struct DevOptions {
  std::uint32_t nodes = 3;       ///< 1 to 16
  std::filesystem::path folder;  ///< of all files; kept, and used again by the next start
  std::uint16_t port = 0;        ///< of the first node, the next ones follow; 0: any that are free
};

/// Runs the cluster until SIGTERM or SIGINT, then drains it; a second of these kills it. A node
/// whose process ends is started again. Says on stdout where the nodes are, on stderr what happens
/// to them. Fails with `storage_failed`, `unreachable` (no free port) and `timeout` (a node did not
/// drain). `signals` was made before any thread.
[[nodiscard]] Result<void> run_cluster(const DevOptions& options, const serve::Signals& signals);

}  // namespace millrace::dev
