// The forwarder's core: brings the messages of an outbox to the queue that they are for.
//
//   leased run ─▶ offered, under the numbers of the outbox ─▶ settled over there ─▶ acked here
//
// The other side counts the outbox as one producer and drops what it knows, so a run that is
// offered again after a crash, a lost answer or a cut link is there once. A message leaves the
// outbox only when it is durable at its target. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "actors/sender/core/sender_core.hpp"

namespace millrace::forwarders {

struct State {
  /// Numbers of this stream are sequence numbers of the outbox.
  senders::Stream stream;
  queues::LeaseId lease = 0;  ///< 0: none
  std::uint32_t run = 0;      ///< messages of the lease
};

/// Takes a run of the outbox: the messages that follow those taken before. One at a time.
void granted(State& state, const queues::Grant& grant);

/// The target knows the outbox, up to number `last`. Fails with `unknown_producer` when it lacks
/// what it once confirmed.
[[nodiscard]] Result<void> attached(State& state, std::uint64_t last);

/// The target does not know the outbox, or is another node by now: to be attached again.
void detached(State& state);

/// The outcome of the lease, once all of its messages are durable at the target; taken once.
[[nodiscard]] std::optional<queues::LeaseOutcome> take_outcome(State& state);

/// Gives the lease back: what the target has is acked, and the rest is ready again, not failed.
[[nodiscard]] std::optional<queues::LeaseOutcome> give_back(State& state);

}  // namespace millrace::forwarders
