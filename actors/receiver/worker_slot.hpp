// WorkerSlot: what one worker runs, and the outcomes that it has not reported. The worker and its
// receiver share it, so that a handler that does not return holds up no other outcome.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/receiver/leases.hpp"

namespace millrace::receivers {

/// How a worker calls its handler.
struct CallPolicy {
  std::size_t leases_max = 1;  ///< leases of a call, at most
  bool always_alone = false;   ///< the queue gets a BeginMessage for each lease
  DurationUs timeout_us = 0;   ///< StageOptions::timeout
};

/// What a worker does before it calls its handler, in this order.
struct BeforeCall {
  explicit BeforeCall(const CallPolicy& policy) : extensions(policy.timeout_us) {}

  std::vector<HeldLease> expired{};  ///< of which it reports that they did not run
  Extensions extensions;             ///< that it sends
  Reports reports{};                 ///< that it sends: of earlier calls, if this one runs alone
  bool is_alone = false;             ///< it sends a BeginMessage for the only lease
};

/// Thread-safe.
class WorkerSlot {
 public:
  /// `clock` outlives this object.
  WorkerSlot(const CallPolicy& policy, const Clock& clock) : policy_(policy), clock_(clock) {}

  // --- The worker, which holds lock() except while its handler runs ---

  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  /// Leases for the next calls, in order. Takes `leases` over, which is empty then. REQUIRES: the
  /// last begin() returned false.
  void add(std::vector<WaitingLeases>& leases);
  /// Begins the next call: that of running(), after what `before` says. Returns false if there are
  /// no leases. REQUIRES: finish() was called since the last call.
  [[nodiscard]] bool begin(SteadyUs now_us, BeforeCall& before);
  /// The leases of the current call. Between begin() and finish() it does not change, and the worker
  /// needs no lock to read it.
  [[nodiscard]] std::vector<HeldLease>& running() { return running_; }
  /// The call has ended, and its outcomes are in reports().
  void finish() { running_.clear(); }
  /// Moves out the leases for the next calls, in order, so that another worker can run them.
  [[nodiscard]] std::vector<WaitingLeases> take_ahead();
  /// The receiver has replaced the worker: the outcomes of its last call are dropped, and it ends.
  [[nodiscard]] bool is_given_up() const { return is_given_up_; }
  /// Outcomes that have not been reported.
  [[nodiscard]] Reports& reports() { return reports_; }

  // --- The receiver ---

  struct Slow {
    Reports reports;                     ///< of earlier calls
    std::vector<WaitingLeases> ahead{};  ///< for the next calls: another worker should run them
    DurationUs runs_for_us = 0;
    /// The only lease of the call, if the queue has not been told. Else empty.
    std::optional<Lease> untold{};
  };
  /// Returns what is to be reported if the current call began before `before_us`, else nothing.
  [[nodiscard]] std::optional<Slow> take_if_slow(SteadyUs before_us, SteadyUs now_us);

  struct Overrun {
    std::vector<Lease> leases;  ///< of the current call
    DurationUs runs_for_us = 0;
    bool is_first = false;  ///< not returned before for this call
  };
  /// Returns the current call if all its leases have ended before `now_us`.
  [[nodiscard]] std::optional<Overrun> overrun(SteadyUs now_us);

  /// Another worker takes the place of this one, if its call still overruns: returns whether. What
  /// it had finished before is returned by take_if_slow() until then.
  [[nodiscard]] bool give_up(SteadyUs now_us);

  /// What a worker leaves that has ended.
  struct Left {
    Reports reports;                   ///< of calls that ended
    std::vector<Lease> lost;           ///< of the call in which the worker ended
    std::vector<WaitingLeases> ahead;  ///< for the next calls
  };
  /// The worker has ended, or has been given up.
  [[nodiscard]] Left take_all();

 private:
  void take_next(SteadyUs now_us, BeforeCall& before);
  [[nodiscard]] bool has_overrun(SteadyUs now_us) const;

  const CallPolicy policy_;
  const Clock& clock_;
  std::mutex mutex_;                  ///< guards all below
  std::vector<WaitingLeases> ahead_;  ///< for the next calls, the first ones last
  std::vector<HeldLease> running_;  ///< read by the worker without the mutex: only it changes them
  SteadyUs since_us_ = 0;           ///< when the current call began; of no meaning without leases
  bool is_told_ = false;            ///< the queue knows that the lease runs
  bool is_overrun_told_ = false;    ///< overrun() has returned the current call
  bool is_given_up_ = false;
  Reports reports_;
};

}  // namespace millrace::receivers
