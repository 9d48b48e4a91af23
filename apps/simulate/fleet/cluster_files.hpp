// ClusterFiles: what the nodes of a simulation are started from: config files, and certificates
// where there are several.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <vector>

#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// What one node is started from.
struct NodeFiles {
  std::filesystem::path data_dir;
  std::filesystem::path config{};   ///< empty: none
  std::vector<std::string> sets{};  ///< in place of a config file
  std::filesystem::path log{};      ///< where its log goes; empty: to stderr
};

/// Of several nodes, writes a set of files each below options.data_dir; a single one has that as
/// its data directory, and no file. `ports[from][to]` is where node `from` reaches node `to`.
/// Shards or roles go round the nodes, as options.placement says. Fails with `storage_failed`.
[[nodiscard]] Result<std::vector<NodeFiles>> write_cluster_files(
    const Options& options, const std::vector<std::vector<std::uint16_t>>& ports, std::time_t now);

}  // namespace millrace::simulate
