// JournalLog: the local journal as the log of this node's queues.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "actors/assembly/commit_router.hpp"
#include "actors/journal/journal.hpp"
#include "actors/queue/shell/record_log.hpp"

namespace millrace {

/// The node that a JournalLog belongs to. Each function is called on a thread of the journal and
/// must not throw. on_group() and on_storage_full() never run at once.
class JournalLogOwner {
 public:
  virtual ~JournalLogOwner() = default;

  /// The changes of a group have been delivered, and those of no later record; `lsn` is its last
  /// record. No group is delivered during the call.
  virtual void on_group(journal::Lsn lsn) = 0;

  /// The disk is full: called about once per second while it is. `lsn` is the last delivered
  /// record; no group is delivered during the call.
  virtual void on_storage_full(journal::Lsn lsn) = 0;

  /// Follows each on_storage_full(); groups may be delivered during the call.
  virtual void after_storage_full() = 0;

  /// The disk has room again. On the thread of on_storage_full(), once after it.
  virtual void on_storage_free() = 0;

  /// The journal has failed and makes nothing more durable: the node must stop at once.
  virtual void on_log_failed(const Error& error) = 0;
};

/// Serializes proposals into the journal and delivers what it commits. Constructed before the
/// journal, which takes it as its listener. Thread-safe from attach() on.
class JournalLog final : public queues::RecordLog, public journal::Listener {
 public:
  /// `owner` must outlive the journal's threads.
  explicit JournalLog(JournalLogOwner& owner) : owner_(owner) {}

  /// REQUIRES: called once, before the first proposal. `last` is the last recovered record.
  void attach(journal::Journal& journal, journal::Lsn last) {
    last_ = last;
    journal_ = &journal;
  }

  /// Sets the receiver of committed changes; see CommitRouter::connect().
  void connect(CommitSink& sink) {
    const std::lock_guard lock(order_mutex_);
    router_.connect(sink);
  }

  /// Calls `action` once, on this thread, with the last delivered record. Waits until the delivery
  /// in progress has ended; no group is delivered during the call. `action` must not call back here
  /// other than by propose().
  void in_order(const std::function<void(journal::Lsn last)>& action) {
    const std::lock_guard lock(order_mutex_);
    action(last_);
  }

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override;
  [[nodiscard]] bool is_full() const override { return journal()->storage_full(); }
  [[nodiscard]] bool is_exhausted() const override { return journal()->storage_exhausted(); }

  void on_committed(std::span<journal::Committed> group) override;
  void on_storage_full() override;
  void on_storage_free() override { owner_.on_storage_free(); }
  void on_failed(const Error& error) override { owner_.on_log_failed(error); }

 private:
  [[nodiscard]] journal::Journal* journal() const {
    return journal_.load(std::memory_order_acquire);
  }

  JournalLogOwner& owner_;
  std::atomic<journal::Journal*> journal_ = nullptr;  ///< null until attach()
  std::mutex order_mutex_;                            ///< held while a group is delivered
  CommitRouter router_;                               ///< guarded by order_mutex_
  journal::Lsn last_ = 0;  ///< last delivered record; guarded by order_mutex_ after attach()
};

}  // namespace millrace
