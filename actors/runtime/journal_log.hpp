// JournalLog: the local journal as the queues' log.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "actors/journal/journal.hpp"
#include "actors/queue/record_log.hpp"
#include "actors/runtime/commit_router.hpp"

namespace millrace {

/// Serializes records into the journal, and brings what it confirms to the queues. Made before the
/// journal, which needs it as its listener.
class JournalLog final : public queues::RecordLog, public journal::Listener {
 public:
  struct Callbacks {
    CommitRouter::Deliver deliver;
    /// After each delivered group: the last record in it.
    std::function<void(journal::Lsn)> after_group;
    /// The journal failed; the node must stop at once.
    std::function<void(const Error&)> failed;
  };

  explicit JournalLog(Callbacks callbacks)
      : callbacks_(std::move(callbacks)), router_(callbacks_.deliver) {}

  /// Before the first proposal.
  void attach(journal::Journal& journal) { journal_ = &journal; }

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override;
  [[nodiscard]] bool is_full() const override { return journal_->storage_full(); }

  void on_committed(std::span<journal::Committed> group) override;
  void on_failed(const Error& error) override { callbacks_.failed(error); }

 private:
  Callbacks callbacks_;
  CommitRouter router_;
  journal::Journal* journal_ = nullptr;
};

}  // namespace millrace
