// The nodes of `millrace simulate --server`.
#pragma once

#include <string>
#include <vector>

#include "apps/simulate/remote/remote.hpp"
#include "messages/result.hpp"

namespace millrace::cli {

/// Of the command line.
struct SimulateServers {
  std::vector<std::string> urls;
  std::string token_file;
  std::uint32_t timeout_s = 90;
};

/// The remote run that they make of `load`. Fails as url_of() and token_of() do.
[[nodiscard]] Result<simulate::RemoteOptions> remote_options(const SimulateServers& servers,
                                                             const simulate::Options& load);

}  // namespace millrace::cli
