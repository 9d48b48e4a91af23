// What must hold of the logs of all nodes of a simulated cluster, at any moment and at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/store/store.hpp"

namespace millrace::sim {

/// Where the durable state of all nodes has each number.
class ClusterAudit {
 public:
  /// Of the states of all nodes, as their logs tell them. What a node still holds of a shard that
  /// another has taken over, and will drop when it hears so, counts at the other.
  /// `role_of` is the role under which a queue moves.
  ClusterAudit(std::span<const Store> stores,
               std::function<std::string(const std::string& queue)> role_of);

  // Each returns what is wrong, in one line; empty: nothing.

  /// Nothing is done twice, and all of `confirmed` is there, or was passed on by what is. Nothing
  /// has died, and no more has failed than handlers say.
  [[nodiscard]] std::string conserves(std::span<const std::int64_t> confirmed,
                                      std::uint64_t failures) const;
  /// Exactly `numbers` are done, at both stages.
  [[nodiscard]] std::string is_complete(std::span<const std::int64_t> numbers) const;

  /// Live messages in all queues and outboxes, dead letters among them.
  [[nodiscard]] std::uint64_t queued() const { return queued_; }

 private:
  struct Stage {
    std::map<std::int64_t, int> done;  ///< how often
    std::set<std::int64_t> waiting;    ///< in its queue, or in an outbox for it
  };
  using Shard = std::pair<std::string, std::uint32_t>;  ///< role, number

  void add(const Store& store);
  /// Up to which message the queue is another node's; nullopt: it is this node's.
  [[nodiscard]] std::optional<queues::Sequence> moved_up_to(const Store& store,
                                                            const StoredQueue& queue) const;
  [[nodiscard]] static std::string check_once(const std::string& name, const Stage& stage);

  std::function<std::string(const std::string&)> role_of_;
  std::map<std::string, Stage> stages_;
  std::map<Shard, std::uint64_t> epochs_;  ///< the highest that any node knows
  std::string broken_invariant_;           ///< of any queue: see check_invariants()
  std::uint64_t failures_ = 0;
  std::uint64_t dead_ = 0;
  std::uint64_t queued_ = 0;
};

}  // namespace millrace::sim
