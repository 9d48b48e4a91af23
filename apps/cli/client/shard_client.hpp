// ShardClient: which node of a cluster serves which shard, and another one instead.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/client/server_client.hpp"
#include "cluster/placement/shard_name.hpp"

namespace millrace::cli {

using placement::ShardName;

struct Move {
  ShardName shard;
  std::string from;
  std::string to;
};

class ShardClient {
 public:
  /// Through the node of `options`. Fails as ServerClient::open().
  [[nodiscard]] static Result<ShardClient> open(const ServerOptions& options);

  /// Objects as GET /api/v1/cluster/shards has them.
  [[nodiscard]] Result<std::vector<nlohmann::ordered_json>> shards();
  /// Objects as GET /api/v1/cluster/members has them.
  [[nodiscard]] Result<std::vector<nlohmann::ordered_json>> members();
  /// The node that serves the shard now. Fails with `not_found`.
  [[nodiscard]] Result<std::string> owner(const ShardName& name);

  /// Has the shard moved, and returns when it is served by `move.to`. Fails with what its owner
  /// says, `rejected` where it stayed, and `timeout` while it is still moving.
  [[nodiscard]] Result<void> move(const Move& move, std::chrono::seconds timeout);

  [[nodiscard]] ServerClient& node() { return node_; }

 private:
  explicit ShardClient(ServerClient node) : node_(std::move(node)) {}

  [[nodiscard]] Result<ServerClient> node_called(const std::string& name);

  ServerClient node_;
};

}  // namespace millrace::cli
