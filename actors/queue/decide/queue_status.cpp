#include "actors/queue/decide/queue_status.hpp"

namespace millrace::queues {
namespace {

TimeUs oldest_born_us(const State& state) {
  TimeUs born_us = 0;
  state.durable.index.visit_from(0, [&](Sequence sequence, const Entry&) {
    const Body* body = state.durable.index.body(sequence);
    if (body != nullptr && *body) born_us = (*body)->born_at_us();
    return false;
  });
  return born_us;
}

}  // namespace

QueueStatus status_of(const State& state, Room room, std::uint64_t offer_bytes) {
  return {.number = state.number,
          .ledger = state.durable.ledger,
          .duplicates = state.live.duplicates,
          .bytes = state.durable.index.bytes(),
          .in_flight = state.live.in_flight,
          .timers = state.durable.keyed.timers().size(),
          .is_blocked = state.live.blocked > 0,
          .is_above_high_water = state.live.above_high_water,
          .pauses = state.durable.pauses,
          .breaker_open_since_us = state.durable.breaker_open_since_us,
          .oldest_born_us = oldest_born_us(state),
          .refusal = refusal_of_offer(state, room, offer_bytes)};
}

}  // namespace millrace::queues
