// QueueLog: the log of a node as its queues use it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "actors/assembly/commit_router.hpp"
#include "actors/log/log.hpp"
#include "actors/queue/shell/record_log.hpp"

namespace millrace {

/// The node that a QueueLog belongs to. Each function is called on a thread of the log and
/// must not throw. on_group() and on_storage_full() never run at once.
class QueueLogOwner {
 public:
  virtual ~QueueLogOwner() = default;

  /// The changes of a group have been delivered, and those of no later record; `lsn` is its last
  /// record. No group is delivered during the call.
  virtual void on_group(logs::Lsn lsn) = 0;

  /// The disk is full: called about once per second while it is. `lsn` is the last delivered
  /// record; no group is delivered during the call.
  virtual void on_storage_full(logs::Lsn lsn) = 0;

  /// Follows each on_storage_full(); groups may be delivered during the call.
  virtual void after_storage_full() = 0;

  /// The disk has room again. On the thread of on_storage_full(), once after it.
  virtual void on_storage_free() = 0;

  /// As logs::Listener::on_unreachable() and on_reachable().
  virtual void on_log_unreachable(const Error& error) = 0;
  virtual void on_log_reachable() = 0;

  /// The log has failed and makes nothing more durable, or belongs to another process: the node
  /// must stop at once. See logs::Listener::on_failed().
  virtual void on_log_failed(const Error& error) = 0;
};

/// Serializes proposals into the log and delivers what it commits. Constructed before the log,
/// which takes it as its listener. Thread-safe from attach() on.
class QueueLog final : public queues::RecordLog, public logs::Listener {
 public:
  /// `owner` must outlive the log's threads.
  explicit QueueLog(QueueLogOwner& owner) : owner_(owner) {}

  /// REQUIRES: called once, before the first proposal. `last` is the last recovered record.
  void attach(logs::Log& log, logs::Lsn last) {
    last_ = last;
    log_ = &log;
  }

  /// Sets the receiver of committed changes; see CommitRouter::connect().
  void connect(CommitSink& sink) {
    const std::lock_guard lock(order_mutex_);
    router_.connect(sink);
  }

  /// Calls `action` once, on this thread, with the last delivered record. Waits until the delivery
  /// in progress has ended; no group is delivered during the call. `action` must not call back here
  /// other than by propose().
  void in_order(const std::function<void(logs::Lsn last)>& action) {
    const std::lock_guard lock(order_mutex_);
    action(last_);
  }

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override;
  [[nodiscard]] bool is_full() const override { return log()->storage_full(); }
  [[nodiscard]] bool is_exhausted() const override { return log()->storage_exhausted(); }
  [[nodiscard]] bool refuses_work() const override { return log()->refuses_work(); }

  void on_committed(std::span<logs::Committed> group) override;
  void on_storage_full() override;
  void on_storage_free() override { owner_.on_storage_free(); }
  void on_failed(const Error& error) override { owner_.on_log_failed(error); }
  void on_unreachable(const Error& error) override { owner_.on_log_unreachable(error); }
  void on_reachable() override { owner_.on_log_reachable(); }

 private:
  [[nodiscard]] logs::Log* log() const { return log_.load(std::memory_order_acquire); }

  QueueLogOwner& owner_;
  std::atomic<logs::Log*> log_ = nullptr;  ///< null until attach()
  std::mutex order_mutex_;                 ///< held while a group is delivered
  CommitRouter router_;                    ///< guarded by order_mutex_
  logs::Lsn last_ = 0;  ///< last delivered record; guarded by order_mutex_ after attach()
};

}  // namespace millrace
