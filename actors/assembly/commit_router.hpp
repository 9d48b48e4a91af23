// CommitRouter: brings committed changes to the queues that they touch, in log order.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/queue/shell/record_log.hpp"

namespace millrace {

/// Splits groups of committed records by queue. One thread at a time.
class CommitRouter {
 public:
  using Changes = std::shared_ptr<const std::vector<queues::CommittedChange>>;
  using Deliver = std::function<void(queues::QueueNumber, Changes)>;

  explicit CommitRouter(Deliver deliver) : deliver_(std::move(deliver)) {}

  /// Delivers each queue's changes of `group`, one delivery a queue, then says so to
  /// those who wait for their records.
  void route(std::span<journal::Committed> group) {
    for (const journal::Committed& committed : group) {
      auto proposal = std::static_pointer_cast<queues::RecordProposal>(committed.proposal);
      const auto& changes = proposal->record->change();
      for (int i = 0; i < changes.size(); ++i) {
        auto& batch = batches_[changes[i].queue()];
        if (!batch) {
          batch = std::make_shared<std::vector<queues::CommittedChange>>();
          touched_.push_back(changes[i].queue());
        }
        batch->push_back({proposal, i, committed.lsn, committed.place});
      }
    }
    for (const queues::QueueNumber number : touched_) {
      deliver_(number, std::move(batches_[number]));
    }
    touched_.clear();
    for (const journal::Committed& committed : group) {
      const auto& proposal = static_cast<const queues::RecordProposal&>(*committed.proposal);
      if (proposal.durable) proposal.durable();
    }
  }

 private:
  using Batch = std::shared_ptr<std::vector<queues::CommittedChange>>;

  Deliver deliver_;
  std::unordered_map<queues::QueueNumber, Batch> batches_;  ///< null between groups
  std::vector<queues::QueueNumber> touched_;
};

}  // namespace millrace
