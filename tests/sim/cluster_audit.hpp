// ClusterAudit: checks the invariants of the logs of all nodes of a simulated cluster.
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

/// The durable location of each number of the workload, over all nodes.
class ClusterAudit {
 public:
  /// Reads the states of all nodes from their logs. Messages of a shard that another node has
  /// installed, but the source has not dropped yet, count at the new owner only.
  /// `role_of` returns the role under which a queue moves. `has_killers`: numbers that is_killer()
  /// must become dead letters.
  ClusterAudit(std::span<const Store> stores,
               std::function<std::string(const std::string& queue)> role_of,
               bool has_killers = false);

  // The checks return the violation in one line, or an empty text.

  /// Checks that no shard has two owners in one epoch, that no number was handled twice, that each of `confirmed` is queued, or handled and
  /// passed on, that there are no dead letters but of killers, and that no more messages failed than handlers
  /// reported.
  [[nodiscard]] std::string conserves(std::span<const std::int64_t> confirmed,
                                      std::uint64_t failures) const;
  /// Checks that exactly `numbers` were handled, each by both stages, or died as killers.
  [[nodiscard]] std::string is_complete(std::span<const std::int64_t> numbers) const;

  /// Returns the number of live messages in all queues and outboxes, dead letters included, but for
  /// dead killers.
  [[nodiscard]] std::uint64_t queued() const { return queued_; }

 private:
  struct Stage {
    std::map<std::int64_t, int> done;  ///< times handled, by number
    std::set<std::int64_t> waiting;    ///< numbers in the queue or in an outbox for it
  };
  using Shard = std::pair<std::string, std::uint32_t>;  ///< role, number

  void add(const Store& store);
  void note_owner(const Shard& shard, const pb::Ownership& told);
  /// Returns the last message of the queue that belongs to another node; nullopt: none does.
  [[nodiscard]] std::optional<queues::Sequence> moved_up_to(const Store& store,
                                                            const StoredQueue& queue) const;
  void add_dead_letters(const queues::Durable& durable, std::optional<queues::Sequence> moved);
  [[nodiscard]] static std::string check_once(const std::string& name, const Stage& stage);

  std::function<std::string(const std::string&)> role_of_;
  std::map<std::string, Stage> stages_;
  std::map<Shard, std::uint64_t> epochs_;  ///< highest ownership epoch in any log
  std::map<std::pair<Shard, std::uint64_t>, std::string> owners_;  ///< by shard and epoch
  std::string two_owners_;        ///< of one shard in one epoch, as a sentence
  std::string broken_invariant_;  ///< of any queue: see check_invariants()
  std::uint64_t failures_ = 0;
  std::uint64_t dead_ = 0;
  bool has_killers_;
  std::set<std::int64_t> killed_;  ///< killers that are dead letters
  std::uint64_t queued_ = 0;
};

}  // namespace millrace::sim
