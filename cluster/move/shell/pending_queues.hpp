// PendingQueues: queues that were defined while the node runs, and the shards that do not have them yet.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/move/core/founding_core.hpp"

namespace millrace::moves {

struct PendingQueue {
  std::string queue{};
  std::string dead_letters{};
  std::set<ShardKey> shards{};   ///< that do not have it yet
  std::function<void()> done{};  ///< called once all have it
};

/// Used by the actor of a MoveService only.
class PendingQueues {
 public:
  void add(PendingQueue queue) { queues_.push_back(std::move(queue)); }
  [[nodiscard]] bool empty() const { return queues_.empty(); }

  /// What the shard is to get next; null: nothing. Valid until got().
  [[nodiscard]] const PendingQueue* next(const ShardKey& shard) const {
    const auto found = std::find_if(queues_.begin(), queues_.end(), [&](const PendingQueue& one) {
      return one.shards.contains(shard);
    });
    return found == queues_.end() ? nullptr : &*found;
  }

  /// The shard has what next() returned. Returns the names of the queue and its dead letters.
  std::vector<std::string> got(const ShardKey& shard) {
    const auto found = std::find_if(queues_.begin(), queues_.end(), [&](const PendingQueue& one) {
      return one.shards.contains(shard);
    });
    std::vector<std::string> names{found->queue, found->dead_letters};
    found->shards.erase(shard);
    if (!found->shards.empty()) return names;
    const std::function<void()> done = std::move(found->done);
    queues_.erase(found);
    done();
    return names;
  }

 private:
  std::list<PendingQueue> queues_{};
};

}  // namespace millrace::moves
