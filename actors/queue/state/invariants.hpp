// The invariants of a queue's tables, checked in one place. They are stated beside the fields of
// State, Durable, Volatile, Lease, Entry and KeyChain.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// Returns the first invariant that `state` violates, as "<queue>: <invariant>: <what differs>";
/// empty: none. The time is linear in the size of the tables. REQUIRES: no change is half done;
/// after apply() of a record that this queue decided, committed() has run too.
[[nodiscard]] std::string check_invariants(const State& state);

/// Called with the text of a violation, on the thread of the queue. Must not throw.
using OnViolation = std::function<void(const std::string& violation)>;

/// Checks a queue after its changes at a bounded cost: a queue of `n` table entries is checked
/// after every n/32 changes, so a small queue after each. For one thread.
class InvariantMonitor {
 public:
  /// Without `on_violation`, a violation stops the process in builds without NDEBUG, and builds
  /// with NDEBUG check nothing.
  explicit InvariantMonitor(OnViolation on_violation = {})
      : on_violation_(std::move(on_violation)) {}

  /// REQUIRES: as check_invariants().
  void changed(const State& state) {
#ifdef NDEBUG
    if (!on_violation_) return;
#endif
    if (changes_left_ > 0) {
      --changes_left_;
    } else {
      check(state);
    }
  }

 private:
  void check(const State& state);

  OnViolation on_violation_;
  std::uint64_t changes_left_ = 0;  ///< before the next check
};

}  // namespace millrace::queues
