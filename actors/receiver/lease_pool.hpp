// LeasePool: the leases of one stage that wait for a worker. Any idle worker takes the next ones,
// whatever their shard, so that a slow message holds up its own key and nobody else.
//
// Taking costs a lock that all workers share. So a worker takes as many leases as take about
// `ahead_us` to run, judged by the calls before: hundreds if they are short, one if a call takes a
// millisecond. It gives back those that it did not begin if one of them turns out to be slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/receiver/leases.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace::receivers {

/// Number of a worker of one receiver; never used again.
using WorkerId = std::uint64_t;

/// Time for which a worker takes leases ahead.
constexpr DurationUs ahead_us = 1'000;

/// Calls of a handler that a worker has made, and the time that they took together.
struct CallTimes {
  std::uint32_t calls = 0;
  DurationUs time_us = 0;
};

/// How many leases a worker takes at a time.
struct TakePolicy {
  std::optional<BatchOptions> batch{};  ///< null: a call of the handler runs one lease
  bool takes_ahead = false;             ///< leases of several calls. REQUIRES: no batches
};

/// Thread-safe. A worker is idle from the take() that gave it nothing until a call names it to be
/// woken. While more leases are ready than woken workers will take, no worker is idle.
class LeasePool {
 public:
  /// Leases that a worker takes at a time, at most, if it takes ahead.
  static constexpr std::size_t ahead_max = 256;

  /// `gate` null: suspects wait for nobody.
  explicit LeasePool(TakePolicy policy, std::shared_ptr<SuspectGate> gate = {})
      : batch_(policy.batch), takes_ahead_(policy.takes_ahead), gate_(std::move(gate)) {}

  /// Adds leases. Returns the workers to be woken for them.
  [[nodiscard]] std::vector<WorkerId> add(std::vector<WaitingLeases> leases, SteadyUs now_us);

  /// Moves leases to `taken`, which is empty: those of the worker's next call of its
  /// handler, or of its next calls if workers take ahead. If none is ready, the worker is idle.
  /// Leases that run alone on the node come first, when no other does; `receiver` gets an
  /// IdleMessage when that has changed. `spent`: the worker's calls since the take before.
  void take(WorkerId worker, SteadyUs now_us, const AnyActor& receiver, CallTimes spent,
            std::vector<WaitingLeases>& taken);

  /// Puts leases back, before all others, that a worker has taken and will not run. Wakes nobody.
  void give_back(std::vector<WaitingLeases> taken);

  /// A call of a handler runs for `time_us` already: judge by it how many leases workers take.
  void note_slow(DurationUs time_us);

  /// Returns the idle workers to be woken for the leases that are ready now.
  [[nodiscard]] std::vector<WorkerId> wake(SteadyUs now_us);

  /// The worker has ended.
  void remove(WorkerId worker);

  /// When the window of the oldest lease ends. Empty: no lease waits, or batches have no window.
  [[nodiscard]] std::optional<SteadyUs> window_until_us() const;

  /// Extends the waiting leases that end before now + by / 2, to now + `by_us`.
  void keep_alive(SteadyUs now_us, DurationUs by_us);

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::size_t idle() const;

 private:
  [[nodiscard]] std::size_t ready_calls(SteadyUs now_us) const;
  [[nodiscard]] std::size_t leases_ahead() const;
  [[nodiscard]] std::vector<WorkerId> wake_locked(SteadyUs now_us, std::size_t most);

  [[nodiscard]] bool take_suspect(const AnyActor& receiver, std::vector<WaitingLeases>& taken);
  void take_up_to(std::size_t most, std::vector<WaitingLeases>& taken);
  void note_calls(CallTimes spent);

  const std::optional<BatchOptions> batch_;
  const bool takes_ahead_;
  const std::shared_ptr<SuspectGate> gate_;
  mutable std::mutex mutex_;  ///< guards all below
  std::deque<WaitingLeases> waiting_;
  std::size_t waiting_count_ = 0;       ///< leases in waiting_
  std::deque<WaitingLeases> suspects_;  ///< those that run alone on the node
  std::vector<WorkerId> idle_;
  /// Time of a call, as a mean in which each take() weighs a quarter. Below 0: not known yet.
  double call_us_ = -1;
};

}  // namespace millrace::receivers
