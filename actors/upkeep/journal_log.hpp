// JournalLog: the local journal as the queues' log.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "actors/journal/journal.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/assembly/commit_router.hpp"

namespace millrace {

/// Serializes records into the journal, and brings what it confirms to the queues. Made before the
/// journal, which needs it as its listener.
class JournalLog final : public queues::RecordLog, public journal::Listener {
 public:
  struct Callbacks {
    CommitRouter::Deliver deliver;
    /// After each delivered group, before the next is: the last record in it.
    std::function<void(journal::Lsn)> after_group;
    /// There is no room on the disk: every second while that lasts. The last record of which the
    /// queues were told; none is told of more during the call.
    std::function<void(journal::Lsn)> storage_full;
    /// After each of those calls, while queues are told of more.
    std::function<void()> after_storage_full;
    /// The journal failed; the node must stop at once.
    std::function<void(const Error&)> failed;
  };

  explicit JournalLog(Callbacks callbacks)
      : callbacks_(std::move(callbacks)), router_(callbacks_.deliver) {}

  /// Before the first proposal. `last` is the last record that was recovered.
  void attach(journal::Journal& journal, journal::Lsn last) {
    last_ = last;
    journal_ = &journal;
  }

  /// Calls `act` with the last record of which the queues were told; none is told of more
  /// meanwhile.
  void in_order(const std::function<void(journal::Lsn last)>& act) {
    const std::lock_guard lock(order_mutex_);
    act(last_);
  }

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override;
  [[nodiscard]] bool is_full() const override { return journal()->storage_full(); }
  [[nodiscard]] bool is_exhausted() const override { return journal()->storage_exhausted(); }

  void on_committed(std::span<journal::Committed> group) override;
  void on_storage_full() override;
  void on_failed(const Error& error) override { callbacks_.failed(error); }

 private:
  [[nodiscard]] journal::Journal* journal() const {
    return journal_.load(std::memory_order_acquire);
  }

  Callbacks callbacks_;
  CommitRouter router_;
  std::atomic<journal::Journal*> journal_ = nullptr;
  std::mutex order_mutex_;
  journal::Lsn last_ = 0;
};

}  // namespace millrace
