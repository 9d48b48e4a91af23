// ClusterClient: asks all members of a cluster, each for what it serves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/cli/client/server_client.hpp"

namespace millrace::cli {

class ClusterClient {
 public:
  /// Asks the node of `options` who the others are, unless it alone is wanted. Fails with
  /// `unreachable` where that node does not answer.
  [[nodiscard]] static Result<ClusterClient> open(const ServerOptions& options);

  /// Visits each member. What one fails with ends it, but one that cannot be reached is only noted.
  Result<void> for_each(const std::function<Result<void>(ServerClient&)>& visit);

  /// Says on stderr who was not reached. The exit code: what was shown is not all there is then.
  [[nodiscard]] int finish() const;

 private:
  struct Node {
    std::string name;
    ServerClient client;
  };

  std::vector<Node> nodes_;
  std::vector<std::string> missing_;
};

}  // namespace millrace::cli
