// CommitRouter: sends committed changes to the queues that they touch, in log order.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/log/proposal.hpp"
#include "actors/queue/shell/record_log.hpp"

namespace millrace {

/// Takes committed changes to their queues. Implemented by NodeActors and by test fixtures.
class CommitSink {
 public:
  virtual ~CommitSink() = default;

  /// Receives all changes of one group for one queue. Called in log order, by one thread at a time,
  /// at most once per queue and group. Must neither block nor throw.
  virtual void deliver(queues::QueueNumber number,
                       std::shared_ptr<const std::vector<queues::CommittedChange>> changes) = 0;
};

/// Splits groups of committed records by queue. Not thread-safe: one call at a time.
class CommitRouter {
 public:
  /// REQUIRES: called before the first record with changes is routed; `sink` is valid in each call
  /// of route() until the next connect().
  void connect(CommitSink& sink) { sink_ = &sink; }

  /// Delivers the changes of `group`, one delivery per queue, then calls RecordProposal::durable of
  /// each record, in log order.
  void route(std::span<logs::Committed> group) {
    for (const logs::Committed& committed : group) {
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
      sink_->deliver(number, std::move(batches_[number]));
    }
    touched_.clear();
    for (const logs::Committed& committed : group) {
      const auto& proposal = static_cast<const queues::RecordProposal&>(*committed.proposal);
      if (proposal.durable) proposal.durable();
    }
  }

 private:
  using Batch = std::shared_ptr<std::vector<queues::CommittedChange>>;

  CommitSink* sink_ = nullptr;
  std::unordered_map<queues::QueueNumber, Batch> batches_;  ///< all null between calls of route()
  std::vector<queues::QueueNumber> touched_;                ///< empty between calls of route()
};

}  // namespace millrace
