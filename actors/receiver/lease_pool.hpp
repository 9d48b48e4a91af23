// LeasePool: the leases of one stage that wait for a worker. Any idle worker takes the next one,
// whatever its shard, so that a slow message holds up its own key and nobody else.
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

/// Thread-safe. A worker is idle from the take() that gave it nothing until a call names it to be
/// woken. While more leases are ready than woken workers have begun to take, no worker is idle.
class LeasePool {
 public:
  /// `batch` null: a worker takes one lease at a time. `gate` null: suspects wait for nobody.
  explicit LeasePool(std::optional<BatchOptions> batch, std::shared_ptr<SuspectGate> gate = {})
      : batch_(batch), gate_(std::move(gate)) {}

  /// Adds leases. Returns the workers to be woken for them.
  [[nodiscard]] std::vector<WorkerId> add(std::vector<WaitingLease> leases, SteadyUs now_us);

  /// Moves the leases of the worker's next call of its handler to `taken`, which is empty: one, or
  /// a batch. If none is ready, the worker is idle. Leases that run alone on the node come first,
  /// when no other does; `receiver` gets an IdleMessage when that has changed.
  void take(WorkerId worker, SteadyUs now_us, const AnyActor& receiver,
            std::vector<WaitingLease>& taken);

  /// Puts leases back that the worker has taken and will not run. Wakes nobody.
  void give_back(std::vector<WaitingLease>& taken);

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
  [[nodiscard]] std::vector<WorkerId> wake_locked(SteadyUs now_us, std::size_t most);

  [[nodiscard]] bool take_suspect(const AnyActor& receiver, std::vector<WaitingLease>& taken);
  void put(WaitingLease lease);

  const std::optional<BatchOptions> batch_;
  const std::shared_ptr<SuspectGate> gate_;
  mutable std::mutex mutex_;  ///< guards all below
  std::deque<WaitingLease> waiting_;
  std::deque<WaitingLease> suspects_;  ///< those that run alone on the node
  std::vector<WorkerId> idle_;
};

}  // namespace millrace::receivers
