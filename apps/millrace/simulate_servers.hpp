// Options of `millrace simulate --server`: a load on nodes that already run.
#pragma once

#include <string>
#include <vector>

#include "apps/simulate/remote/remote.hpp"
#include "messages/result.hpp"

namespace millrace::cli {

/// Values of the command line.
struct SimulateServers {
  std::vector<std::string> urls;  ///< HTTP addresses of nodes, at least one
  std::string token_file;         ///< empty: as in ServerOptions
  std::uint32_t timeout_s = 90;   ///< longest time without an answer or progress
};

/// Options of a remote run of `load` on these servers. Fails with `invalid_argument` for a bad URL
/// and `not_found` for a missing token file.
[[nodiscard]] Result<simulate::RemoteOptions> remote_options(const SimulateServers& servers,
                                                             const simulate::Options& load);

}  // namespace millrace::cli
