// ClusterClient: sends a request to each member of a cluster; each answers for the shards it
// serves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/cli/client/server_client.hpp"

namespace millrace::cli {

/// Not thread-safe. All calls block.
class ClusterClient {
 public:
  /// Reads the list of members from the node of `options`; with `node_only` uses that node alone.
  /// Fails with `unreachable` if the node does not answer.
  [[nodiscard]] static Result<ClusterClient> open(const ServerOptions& options);

  /// Calls `visit` for each member, one after the other. A member that fails with `unreachable` is
  /// skipped and recorded for finish(); another error ends the loop and is returned.
  Result<void> for_each(const std::function<Result<void>(ServerClient&)>& visit);

  /// Prints a warning on stderr for each member that was not reached. Returns exit_unreachable if
  /// there is one, because the output is incomplete; else exit_ok. `gone` is expected not to answer.
  [[nodiscard]] int finish(const std::string& gone = "") const;

 private:
  struct Node {
    std::string name;
    ServerClient client;
  };

  std::vector<Node> nodes_;
  std::vector<std::string> missing_;  ///< "name (reason)"; no duplicates
};

}  // namespace millrace::cli
