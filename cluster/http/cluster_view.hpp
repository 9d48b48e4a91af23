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
  bool has_other_layout = false;  ///< nodes, weights, roles or overrides differ from this node's
  std::vector<std::uint32_t> served_shards{};
};

/// Who serves one shard of the queues of one role, as this node knows.
struct ShardView {
  std::string role{};  ///< empty: of queues without a role
  std::uint32_t shard = 0;
  std::string owner{};
  std::uint64_t epoch = 0;              ///< 0: no owner yet
  std::string home{};                   ///< node to which it belongs by the configuration
  std::string waits_for{};              ///< why nobody serves it; empty: it is served, or moves
  std::vector<std::string> nodes{};     ///< that may serve it, by the configuration
  std::string moving_to{};              ///< empty: no move of it from here is under way
  std::optional<Error> last_failure{};  ///< of the latest move that this node was asked to begin
};

/// Shards of this node that are not served.
struct WaitingShardsView {
  std::string text{};  ///< what an operator must know, in one line
  std::uint64_t shards = 0;
  bool needs_decision = false;  ///< else they wait for other nodes
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

  /// Role of the stage that reads `queue`; empty: it has none.
  [[nodiscard]] virtual std::string role_of(const std::string& /*queue*/) const { return {}; }

  /// Every shard of every role.
  [[nodiscard]] virtual std::vector<ShardView> shards() const = 0;

  /// The shards that wait at this node for their first owner, or for an operator.
  [[nodiscard]] virtual std::vector<WaitingShardsView> waiting() const { return {}; }

  /// An operator has given up what `node` held, which is not configured any more: this node begins
  /// anew, empty, those of its shards that belong here. Returns at once. Fails with
  /// `invalid_argument` if `node` is configured.
  virtual Result<void> give_up(const std::string& node) {
    return Error{ErrorCode::not_found, "no shard belongs to " + node};
  }

  /// Begins to move a shard of this node to another, and returns; shards() tells how it goes on.
  /// Fails with `not_found`, `not_owner`, or `draining` when it is moving already.
  virtual Result<void> move_shard(const std::string& role, std::uint32_t shard,
                                  const std::string& to) = 0;

  /// Begins to drain this node, as SIGTERM does, and returns. Fails with `draining` when it does
  /// already.
  virtual Result<void> drain() = 0;
};

}  // namespace millrace::http
