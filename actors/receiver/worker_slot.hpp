// WorkerSlot: what one worker runs, and the outcomes that it has not reported. The worker and its
// receiver share it, so that a handler that does not return holds up no other outcome.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/receiver/leases.hpp"

namespace millrace::receivers {

/// Thread-safe.
class WorkerSlot {
 public:
  /// `clock` outlives this object.
  explicit WorkerSlot(const Clock& clock) : clock_(clock) {}

  // --- The worker ---

  /// Takes over the outcomes of the last call of the handler and the leases of the next one; both
  /// vectors are empty then. `is_told`: the queue has got a BeginMessage. Returns false, and takes
  /// nothing, if the receiver has given the worker up.
  [[nodiscard]] bool begin(std::vector<Finished>& finished, std::vector<WaitingLease>& taken,
                           SteadyUs now_us, bool is_told);
  /// Takes over the outcomes of the last call, and returns all that were not reported. Empty if the
  /// receiver has given the worker up.
  [[nodiscard]] std::optional<Reports> end(std::vector<Finished>& finished);

  /// The leases of the current call. For the worker between begin() and the next call.
  [[nodiscard]] std::deque<HeldLease>& running() { return running_; }

  // --- The receiver ---

  struct Slow {
    Reports reports;  ///< of earlier calls
    /// The only lease of the call, of which the queue has not been told. Else null.
    std::shared_ptr<const Source> source{};
    queues::LeaseId lease = 0;
  };
  /// Returns what is to be reported if the current call began before `before_us`, else nothing.
  [[nodiscard]] std::optional<Slow> take_if_slow(SteadyUs before_us);

  struct Overrun {
    std::vector<WaitingLease> leases;  ///< of the current call
    DurationUs runs_for_us = 0;
    bool is_first = false;  ///< not returned before for this call
  };
  /// Returns the current call if all its leases have ended before `now_us`.
  [[nodiscard]] std::optional<Overrun> overrun(SteadyUs now_us);

  /// Another worker takes the place of this one, if its call still overruns: returns whether. What
  /// it had finished before is returned by take_if_slow() until then.
  [[nodiscard]] bool give_up(SteadyUs now_us);

  /// The worker has ended. Returns the outcomes that it did not report, and moves the leases of its
  /// call to `lost`.
  [[nodiscard]] Reports take_lost(std::vector<WaitingLease>& lost);

 private:
  void finish(std::vector<Finished>& finished);
  [[nodiscard]] bool has_overrun(SteadyUs now_us) const;

  const Clock& clock_;
  std::mutex mutex_;               ///< guards all below
  std::deque<HeldLease> running_;  ///< read by the worker without the mutex: only it changes them
  SteadyUs since_us_ = 0;          ///< when the current call began; of no meaning without leases
  bool is_told_ = false;           ///< the queue knows that the lease runs
  bool is_overrun_told_ = false;   ///< overrun() has returned the current call
  bool is_given_up_ = false;
  Reports reports_;
};

}  // namespace millrace::receivers
