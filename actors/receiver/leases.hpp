// Leases that a receiver holds: while they wait for a worker, and while a worker runs them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/receiver/suspect_gate.hpp"
#include "actors/stage/context.hpp"

namespace millrace::receivers {

/// A queue of one shard that a receiver takes leases of.
struct Source {
  queues::QueueNumber number = 0;
  std::uint32_t shard = 0;
  queues::QueueHandle handle;
  std::uint32_t credit = 0;  ///< messages leased of it at a time, at most
};

/// A lease of a single message that was lost without a failure: its handler may have ended the
/// worker, or the process. It runs alone, so that it takes no other outcome with it if that happens
/// again.
[[nodiscard]] inline bool is_suspect(const queues::Grant& grant) {
  const queues::GrantedMessage& message = grant.messages.front();
  return grant.messages.size() == 1 &&
         (message.acquired > message.failed + 1 || message.runs_alone);
}

/// The leases that a queue has granted with one message.
struct GrantBatch {
  std::shared_ptr<const Source> source;
  std::shared_ptr<const std::vector<queues::Grant>> grants;
};

/// A lease, with what keeps it in memory.
struct Lease {
  std::shared_ptr<const GrantBatch> batch;
  const queues::Grant* grant = nullptr;  ///< one of the batch

  [[nodiscard]] const Source& source() const { return *batch->source; }
};

/// Leases that wait for a worker: neighbours in their batch, one at least. They move together, so
/// that a short lease costs little on its way to its worker.
struct WaitingLeases {
  std::shared_ptr<const GrantBatch> batch;
  std::size_t first = 0;    ///< index in the batch
  std::size_t count = 0;    ///< 1 if the lease runs alone
  SteadyUs until_us = 0;    ///< the deadline, with the extensions that were asked for
  SteadyUs arrived_us = 0;  ///< when the receiver got them
  /// Of a lease that runs alone on its node: set while it is taken. Else null.
  std::shared_ptr<SuspectGate::Permit> permit{};

  [[nodiscard]] const queues::Grant& front() const { return (*batch->grants)[first]; }
  [[nodiscard]] bool is_suspect() const { return receivers::is_suspect(front()); }
  /// Its message may have ended the process: see queues::runs_alone().
  [[nodiscard]] bool is_alone_on_node() const { return front().messages.front().runs_alone; }
  /// Removes the first leases, `most` at most, and returns them. REQUIRES: most > 0.
  [[nodiscard]] WaitingLeases take_front(std::size_t most);
};

/// Appends the leases of `batch` to `waiting`. Suspects stand alone.
void append_waiting(const std::shared_ptr<const GrantBatch>& batch, SteadyUs arrived_us,
                    std::vector<WaitingLeases>& waiting);

/// A lease that a worker runs. Contexts refer to it, so it stays at one address from begin to end.
class HeldLease final : public LeaseControl {
 public:
  /// Of the first lease of `waiting`.
  HeldLease(const WaitingLeases& waiting, const Clock& clock)
      : lease_{waiting.batch, &waiting.front()},
        permit_(waiting.permit),
        clock_(&clock),
        until_us_(waiting.until_us) {}
  /// REQUIRES: no context refers to `other`.
  HeldLease(HeldLease&& other) noexcept
      : lease_(std::move(other.lease_)),
        permit_(std::move(other.permit_)),
        clock_(other.clock_),
        until_us_(other.until_us_.load()) {}

  [[nodiscard]] SteadyUs now_us() const override { return clock_->steady_us(); }
  [[nodiscard]] SteadyUs lease_until_us() const override { return until_us_; }
  void extend(DurationUs by_us) override;
  void set_until(SteadyUs until_us) { until_us_ = until_us; }

  [[nodiscard]] const Lease& lease() const { return lease_; }
  [[nodiscard]] const Source& source() const { return lease_.source(); }
  [[nodiscard]] const queues::Grant& grant() const { return *lease_.grant; }
  /// As in WaitingLeases.
  [[nodiscard]] const std::shared_ptr<SuspectGate::Permit>& permit() const { return permit_; }

 private:
  Lease lease_;
  std::shared_ptr<SuspectGate::Permit> permit_;
  const Clock* clock_;
  std::atomic<SteadyUs> until_us_;
};

/// Outcomes by queue, in reports of at most report_bytes, or of one larger outcome.
class Reports {
 public:
  /// `bytes`: estimate of the outcome's share of a record.
  void add(const std::shared_ptr<const Source>& source, queues::LeaseOutcome&& outcome,
           std::size_t bytes);
  /// Sends the reports to their queues, as `receiver`. `wants_reply`: as in CompleteMessage.
  void send_as(const AnyActor& receiver, bool wants_reply = false);

 private:
  struct Report {
    std::shared_ptr<const Source> source;
    std::shared_ptr<queues::Complete> complete;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Report& report_for(const std::shared_ptr<const Source>& source, std::size_t bytes);

  std::vector<Report> all_;
  std::map<queues::QueueNumber, std::size_t> last_;  ///< index in all_ of the last one of a queue
};

/// Extensions of leases, with one message for each queue.
class Extensions {
 public:
  explicit Extensions(DurationUs by_us) : by_us_(by_us) {}
  void add(const std::shared_ptr<const Source>& source, queues::LeaseId lease) {
    auto& entry = by_queue_[source->number];
    entry.first = source;
    entry.second.push_back(lease);
  }
  /// Of all leases of `waiting`, from `now_us` on.
  void add(WaitingLeases& waiting, SteadyUs now_us);
  void send();

 private:
  DurationUs by_us_;
  std::map<queues::QueueNumber,
           std::pair<std::shared_ptr<const Source>, std::vector<queues::LeaseId>>>
      by_queue_;
};

}  // namespace millrace::receivers
