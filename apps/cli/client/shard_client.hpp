// ShardClient: reads which node serves each shard, and moves shards to other nodes.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/client/server_client.hpp"
#include "cluster/placement/shard_name.hpp"

namespace millrace::cli {

using placement::ShardName;

/// A move of one shard between two nodes.
struct Move {
  ShardName shard;
  std::string from;
  std::string to;
};

/// Not thread-safe. All calls block; they fail with `unreachable` if the node does not answer.
class ShardClient {
 public:
  /// Connects to the node of `options`. Fails as ServerClient::open().
  [[nodiscard]] static Result<ShardClient> open(const ServerOptions& options);

  /// The objects in the answer of GET /api/v1/cluster/shards.
  [[nodiscard]] Result<std::vector<nlohmann::ordered_json>> shards();
  /// The objects in the answer of GET /api/v1/cluster/members.
  [[nodiscard]] Result<std::vector<nlohmann::ordered_json>> members();
  /// Name of the node that serves the shard now. Fails with `not_found` for an unknown shard.
  [[nodiscard]] Result<std::string> owner(const ShardName& name);

  /// Starts the move at its owner and waits until `move.to` serves the shard. Fails with the error
  /// of the owner, `rejected` if the move failed, or `timeout`; the move then goes on.
  [[nodiscard]] Result<void> move(const Move& move, std::chrono::seconds timeout);

  [[nodiscard]] ServerClient& node() { return node_; }

 private:
  explicit ShardClient(ServerClient node) : node_(std::move(node)) {}

  [[nodiscard]] Result<ServerClient> node_called(const std::string& name);

  ServerClient node_;
};

}  // namespace millrace::cli
