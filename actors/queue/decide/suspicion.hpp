// Suspicion: which messages may have ended the process, and when one is given up for it.
//
// A message that was being handled when the process ended is a suspect: the death counts for it.
// Suspects of a small crowd, and those that were there at two deaths, run alone from then on: one
// message in one call, and no other suspect of the node at the same time. A death while a message ran
// alone is its own; after `poison_deaths` of them it becomes a dead letter, `poison`. An outcome of
// any kind clears a message of suspicion. So kills from outside, which hit what happens to run, make
// no dead letter, unless they hit one message three times in a row while it runs alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

/// A call of a handler that was in progress when the process ended.
struct InterruptedCall {
  std::vector<std::pair<QueueNumber, Sequence>> messages;
  bool was_alone = false;  ///< of a single message that ran alone
};

/// Deaths of the process while a message ran alone; then it is given up.
constexpr std::uint32_t poison_deaths = 3;
/// Messages handled at a death: up to this many run alone from then on.
constexpr std::size_t crowd_max = 16;
/// Deaths after which a message of a larger crowd runs alone.
constexpr std::uint32_t crowd_deaths = 2;

/// Returns what the interrupted calls mean for the messages that are still live. `find` returns the
/// queue of a number, or null. `drained`: the process ended during a drain, as one that lasts too
/// long is ended from outside: then no death is a message's own.
[[nodiscard]] std::vector<pb::Suspect> decide_suspects(
    std::span<const InterruptedCall> calls, bool drained,
    const std::function<const State*(QueueNumber)>& find);

/// Applies a durable suspicion; a message that is no longer live is ignored.
void apply_suspect(State& state, const pb::Suspect& suspect);

/// Of a live message: it runs alone.
[[nodiscard]] bool runs_alone(const State& state, Sequence sequence, const Entry& entry);
/// Of a live message: it is given up.
[[nodiscard]] bool is_poison(const State& state, Sequence sequence, const Entry& entry);

}  // namespace millrace::queues
