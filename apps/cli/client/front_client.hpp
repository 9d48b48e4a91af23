// FrontClient: one node, which asks the others and answers for the whole cluster.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/client/server_client.hpp"

namespace millrace::cli {

/// Not thread-safe. All calls block.
class FrontClient {
 public:
  /// With `node_only` the node answers for itself alone. Fails as ServerClient::open().
  [[nodiscard]] static Result<FrontClient> open(const ServerOptions& options);

  // As those of ServerClient. Nodes that are missing in an answer are recorded for finish(), and the answer is what the
  // others have said, or done.
  [[nodiscard]] Result<nlohmann::ordered_json> get(const std::string& path);
  [[nodiscard]] Result<nlohmann::ordered_json> post(const std::string& path,
                                                    const std::string& json);
  [[nodiscard]] Result<nlohmann::ordered_json> remove(const std::string& path);

  /// Prints a warning on stderr for each node that was missing. Returns exit_unreachable if there is one, because the
  /// output is incomplete; else exit_ok.
  [[nodiscard]] int finish() const;

 private:
  FrontClient(ServerClient node, bool node_only) : node_(std::move(node)), node_only_(node_only) {}

  [[nodiscard]] std::string scoped(const std::string& path) const;
  Result<nlohmann::ordered_json> note(Result<nlohmann::ordered_json> answer);

  ServerClient node_;
  bool node_only_;
  std::vector<std::string> missing_;  ///< nodes and shards, with the reason; no duplicates
};

}  // namespace millrace::cli
