// Decides the outcomes of leases: acks, retries, rejections, and leases that ended without one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/queue/breaker/breaker.hpp"
#include "actors/queue/decide/decision.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::queues {

/// A message for a queue of the same log.
struct RoutedOutput {
  QueueNumber queue = 0;
  std::unique_ptr<pb::Envelope> envelope;
};

/// The outcome of one message of a lease. Outputs, history and timers count only if acked.
struct MessageOutcome {
  StageResult::Kind kind = StageResult::Kind::not_run;
  std::vector<RoutedOutput> outputs;
  std::vector<std::string> history;
  std::vector<pb::TimerSet> timers_set;
  std::vector<std::string> timers_cleared;
  std::string reason;                  ///< of a retry, postponement or rejection
  std::optional<DurationUs> delay_us;  ///< of a retry or postponement; nullopt: retry_delay_us()
};

/// The outcome of a lease.
struct LeaseOutcome {
  LeaseId lease = 0;
  std::string key;
  std::vector<MessageOutcome> messages;   ///< one for each message of the run, in order
  std::optional<std::string> next_state;  ///< of the key; nullopt: unchanged
  bool state_erased = false;
  bool returned_demand = false;  ///< the receiver has asked for others since it began to handle it
};

/// Outcomes of one receiver. `jitter`: random bits for the delays of retries.
struct Complete {
  std::vector<LeaseOutcome> outcomes;
  std::uint64_t jitter = 0;
};

/// What the outcomes say of whatever the handlers call.
struct OutcomeCounts {
  std::uint64_t succeeded = 0;  ///< messages that were handled, but for probes
  std::uint64_t failed = 0;     ///< as succeeded; without those that are to be handled later
  std::vector<std::pair<LeaseId, ProbeResult>> probes{};  ///< leases of Volatile::probes
};

struct CompleteDecision {
  Decision decision;
  OutcomeCounts counts{};
  /// Leases that have ended, are settling, or whose outcome has the wrong number of messages.
  std::vector<LeaseId> refused;
};

/// Builds one record of all valid outcomes: acks, outputs, states, timers, failures, deaths. While the
/// breaker of the stage is open, no failure is counted for its message. Moves
/// the outputs and states out of `complete`. A refused outcome changes nothing.
[[nodiscard]] CompleteDecision decide(const State& state, Complete& complete, Now now);

/// Ends leases that have no outcome: the receiver died (`receiver_lost`), or the deadline passed
/// (`lease_expired`). Only a message that its receiver handled alone (Lease::begun) fails; among
/// several messages, the one that caused the end is unknown. These have been acquired, so each is
/// leased alone from now on. In an outbox no message fails. A message whose lease expired
/// Limits::overran_max times while it was handled alone becomes a dead letter, `overran`.
[[nodiscard]] Decision decide_lost(const State& state, std::span<const LeaseId> leases,
                                   ErrorCode code, std::uint64_t jitter, TimeUs now_us);

/// Delay before a message is retried after failure number `failed` (from 1): doubles from
/// Limits::retry_first_us up to retry_max_us, times 80 % to 120 % by `jitter`.
[[nodiscard]] DurationUs retry_delay_us(const Limits& limits, std::uint32_t failed,
                                        std::uint64_t jitter);

}  // namespace millrace::queues
