// Forwards the messages of an outbox to the queue that the outbox stands for.
//
//   leased of the outbox ──▶ offered to the target ──▶ settled there ──▶ acked in the outbox
//
// For the target the outbox is one producer, and the outbox's sequence numbers are its numbers. The
// target drops duplicates, so a run that is offered again after a crash, a lost answer or a broken
// link arrives once. A message leaves the outbox only when it is durable at the target. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "actors/sender/core/sender_core.hpp"

namespace millrace::forwarders {

struct State {
  /// Its numbers are sequence numbers of the outbox.
  senders::Stream stream;
  queues::LeaseId lease = 0;  ///< 0: none
  std::uint32_t run = 0;      ///< messages of the lease; 0 without a lease
};

/// Takes a lease. Requires: no lease is held, and its messages follow those of the last one.
void on_grant(State& state, const queues::Grant& grant);

/// The target has attached the outbox and knows its numbers up to `last`. Fails as
/// senders::on_attached.
[[nodiscard]] Result<void> on_attached(State& state, std::uint64_t last);

/// The attachment is over: nothing is offered until on_attached().
void on_detached(State& state);

/// Ends the lease and returns its outcome, all acked, if all its messages are settled; else
/// nullopt.
[[nodiscard]] std::optional<queues::LeaseOutcome> take_outcome(State& state);

/// Ends the lease and returns its outcome: settled messages are acked, the others become ready
/// again without a failure. Nullopt if no lease is held.
[[nodiscard]] std::optional<queues::LeaseOutcome> give_back(State& state);

}  // namespace millrace::forwarders
