// Config files of the processes of a simulation and, with several, their certificates.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <vector>

#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Files of one process.
struct NodeFiles {
  std::filesystem::path data_dir;
  std::filesystem::path config{};   ///< empty: none
  std::vector<std::string> sets{};  ///< "key=value" settings, used instead of a config file
  std::filesystem::path log{};      ///< log file; empty: stderr
};

/// With several processes, writes the files of each below options.data_dir. A single one uses
/// options.data_dir as its data directory and has no config file. `ports[from][to]`: loopback port
/// on which process `from` reaches node `to`. With standbys any process may become any node. Distributes shards or roles by options.placement.
/// Certificates are valid from `now`. Fails with `storage_failed`. Blocks.
[[nodiscard]] Result<std::vector<NodeFiles>> write_cluster_files(
    const Options& options, const std::vector<std::vector<std::uint16_t>>& ports, std::time_t now);

}  // namespace millrace::simulate
