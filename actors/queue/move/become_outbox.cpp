#include "actors/queue/move/become_outbox.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "actors/base/assert.hpp"
#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

struct Kept {
  Sequence sequence = 0;
  Entry entry;
  Body body;
};

std::vector<Kept> messages_after(const State& state, Sequence up_to) {
  std::vector<Kept> kept;
  const MessageIndex& index = state.durable.index;
  index.visit_from(up_to + 1, [&](Sequence sequence, const Entry& entry) {
    const Body* body = index.body(sequence);
    kept.push_back({sequence, entry, body == nullptr ? Body() : *body});
    return true;
  });
  return kept;
}

}  // namespace

void apply_become_outbox(State& state, const pb::BecomeOutbox& become_outbox) {
  MILLRACE_ASSERT(state.live.leases.empty());
  std::vector<Kept> kept = messages_after(state, become_outbox.up_to());
  Durable& durable = state.durable;
  durable.index = MessageIndex();
  durable.schedules.clear();
  durable.failures.clear();
  durable.keyed = KeyedStore();
  durable.dedup.forget_idempotency_keys();
  const std::uint64_t duplicates = durable.ledger.duplicates;
  durable.ledger = {.offered = kept.size(),
                    .duplicates = duplicates - std::min(duplicates, become_outbox.duplicates())};
  state.keys.clear();
  state.live.lines = DispatchLines();
  state.live.delayed.clear();
  state.live.settling_timers.clear();
  state.live.quiesced = state.live.sealed = false;
  state.limits = as_outbox(state.limits);
  declare(state, become_outbox.as());
  for (Kept& one : kept) {
    Entry& entry = durable.index.add(one.sequence);
    entry.place = one.entry.place;
    entry.index = one.entry.index;
    durable.index.set_bytes(entry, one.entry.bytes);
    if (one.body) durable.index.set_body(one.sequence, std::move(one.body));
    enqueue(state, one.sequence, entry, outbox_line);
  }
}

}  // namespace millrace::queues
