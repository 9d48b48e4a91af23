// ClusterView: what the gateway shows of a node and its cluster. Implemented by the node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct NodeStatus {
  std::string node{};
  std::string cluster{};
  std::string version{};
  std::string state{};  ///< in the words of the membership: "joining", "up", "leaving"
  TimeUs started_at_us = 0;
  std::uint32_t shards = 0;                    ///< of the cluster
  std::vector<std::uint32_t> served_shards{};  ///< by this node
  bool is_storage_full = false;
  /// When the node's certificate ends, or the authority that signed it, the earlier of the two; 0: no
  /// TLS, or not known.
  TimeUs certificates_end_us = 0;
  std::uint64_t clock_steps = 0;  ///< how often the wall clock was set since the start
};

/// From then on before their end, certificates are reported.
constexpr DurationUs certificates_notice_us = 30ll * 86'400'000'000;

struct Member {
  std::string name{};
  std::string address{};  ///< where other nodes reach it
  std::string http{};     ///< "host:port" of its gateway; empty: not known
  std::string state{};
  bool is_unreachable = false;  ///< as this node sees it
  bool is_self = false;
  std::uint64_t incarnation = 0;  ///< 0: never heard of
  std::vector<std::uint32_t> served_shards{};
};

/// Who serves one shard of the queues of one role, as this node knows.
struct ShardView {
  std::string role{};  ///< empty: of queues without a role
  std::uint32_t shard = 0;
  std::string owner{};
  std::uint64_t epoch = 0;
  std::vector<std::string> nodes{};     ///< that may serve it, by the configuration
  std::string moving_to{};              ///< empty: no move of it from here is under way
  std::optional<Error> last_failure{};  ///< of the latest move that this node was asked to begin
};

/// Threads: all calls may come from any thread but an actor's, and answer without waiting.
class ClusterView {
 public:
  virtual ~ClusterView() = default;

  /// `is_storage_full` and `clock_steps` are filled in by RuntimeApi.
  [[nodiscard]] virtual NodeStatus status() const = 0;

  /// Whether work may be sent here; the error says why not.
  [[nodiscard]] virtual Result<void> ready() const = 0;

  /// All configured members, this node among them.
  [[nodiscard]] virtual std::vector<Member> members() const = 0;

  /// Name of the member that serves `shard` of `queue`; empty: nobody knows now.
  [[nodiscard]] virtual std::string owner(const std::string& queue, std::uint32_t shard) const = 0;

  /// Every shard of every role.
  [[nodiscard]] virtual std::vector<ShardView> shards() const = 0;

  /// Begins to move a shard of this node to another, and returns; shards() tells how it goes on.
  /// Fails with `not_found`, `not_owner`, or `draining` when it is moving already.
  virtual Result<void> move_shard(const std::string& role, std::uint32_t shard,
                                  const std::string& to) = 0;

  /// Begins to drain this node, as SIGTERM does, and returns. Fails with `draining` when it does
  /// already.
  virtual Result<void> drain() = 0;
};

}  // namespace millrace::http
