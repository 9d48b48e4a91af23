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

/// A lease that waits for a worker.
struct WaitingLease {
  std::shared_ptr<const Source> source;
  std::shared_ptr<const queues::Grant> grant;
  SteadyUs until_us = 0;    ///< the deadline, with the extensions that were asked for
  SteadyUs arrived_us = 0;  ///< when the receiver got it
  /// Of a lease that runs alone on its node: set while it is taken. Else null.
  std::shared_ptr<SuspectGate::Permit> permit{};

  /// Its message may have ended the process: see queues::runs_alone().
  [[nodiscard]] bool is_alone_on_node() const { return grant->messages.front().runs_alone; }
  /// A lease of a single message that was lost without a failure: its handler may have ended the
  /// worker, or the process. It runs alone, so that it takes no other outcome with it if that happens again.
  [[nodiscard]] bool is_suspect() const {
    const queues::GrantedMessage& message = grant->messages.front();
    return grant->messages.size() == 1 &&
           (message.acquired > message.failed + 1 || message.runs_alone);
  }
};

/// A lease that a worker runs. Contexts refer to it, so it stays at one address.
class HeldLease final : public LeaseControl {
 public:
  HeldLease(WaitingLease lease, const Clock& clock)
      : source(std::move(lease.source)),
        grant(std::move(lease.grant)),
        permit(std::move(lease.permit)),
        clock_(clock),
        until_us_(lease.until_us) {}

  [[nodiscard]] SteadyUs now_us() const override { return clock_.steady_us(); }
  [[nodiscard]] SteadyUs lease_until_us() const override { return until_us_; }
  void extend(DurationUs by_us) override;

  const std::shared_ptr<const Source> source;
  const std::shared_ptr<const queues::Grant> grant;
  const std::shared_ptr<SuspectGate::Permit> permit;  ///< as in WaitingLease

 private:
  const Clock& clock_;
  std::atomic<SteadyUs> until_us_;
};

/// An outcome and the queue that it is for.
struct Finished {
  std::shared_ptr<const Source> source;
  queues::LeaseOutcome outcome;
  std::size_t bytes = 0;  ///< estimate of its share of a record
};

/// Outcomes by queue, in reports of at most report_bytes, or of one larger outcome.
class Reports {
 public:
  void add(Finished finished);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  /// Sends the reports to their queues, as `receiver`.
  void send_as(const AnyActor& receiver);

 private:
  struct Report {
    std::shared_ptr<const Source> source;
    std::shared_ptr<queues::Complete> complete;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Report& report_for(const Finished& finished);

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
  void send();

 private:
  DurationUs by_us_;
  std::map<queues::QueueNumber,
           std::pair<std::shared_ptr<const Source>, std::vector<queues::LeaseId>>>
      by_queue_;
};

}  // namespace millrace::receivers
