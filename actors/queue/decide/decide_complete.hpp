// Decides on what receivers report: the outcomes of leases.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::queues {

/// A message for a queue of this log.
struct RoutedOutput {
  QueueNumber queue = 0;
  std::unique_ptr<pb::Envelope> envelope;
};

/// What became of one message of a lease.
struct MessageOutcome {
  StageResult::Kind kind = StageResult::Kind::not_run;
  std::vector<RoutedOutput> outputs;
  std::vector<std::string> history;
  std::vector<pb::TimerSet> timers_set;
  std::vector<std::string> timers_cleared;
  std::string reason;
  std::optional<DurationUs> delay_us;
};

/// What became of a lease: one outcome for each of its messages, in order.
struct LeaseOutcome {
  LeaseId lease = 0;
  std::string key;
  std::vector<MessageOutcome> messages;
  std::optional<std::string> next_state;
  bool state_erased = false;
};

/// Outcomes of one receiver; all that are valid become one record. `jitter` holds random bits for
/// the delays of retries.
struct Complete {
  std::vector<LeaseOutcome> outcomes;
  std::uint64_t jitter = 0;
};

struct CompleteDecision {
  Decision decision;
  std::vector<LeaseId> refused;  ///< leases that are over: `lease_expired`, nothing of them applies
};

/// Takes the outcomes' outputs. The record acknowledges, appends and changes state at once.
[[nodiscard]] CompleteDecision decide(const State& state, Complete& complete, TimeUs now_us);

/// Leases that ended without an outcome: the receiver died (`receiver_lost`) or the deadline passed
/// (`lease_expired`). A message that its receiver had begun alone counts as failed. Of several
/// nobody knows which was to blame, and one that still waited is not: none counts, and as each has
/// been acquired, each will be handled alone. In an outbox nothing fails: it waits.
[[nodiscard]] Decision decide_lost(const State& state, std::span<const LeaseId> leases,
                                   ErrorCode code, std::uint64_t jitter, TimeUs now_us);

/// Delay before failure number `failed` (from 1) is tried again: doubling from the first to the
/// largest delay of `limits`, spread over 80 % to 120 % by `jitter`.
[[nodiscard]] DurationUs retry_delay_us(const Limits& limits, std::uint32_t failed,
                                        std::uint64_t jitter);

}  // namespace millrace::queues
