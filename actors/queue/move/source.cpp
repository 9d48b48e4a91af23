#include "actors/queue/move/source.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t chunk_messages = 512;
constexpr std::size_t chunk_bytes = 64u << 10;

// A message behind the seal.
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
  std::vector<Kept> kept = messages_after(state, become_outbox.up_to());
  Durable& durable = state.durable;
  clear_backlog(state);
  durable.keyed = KeyedStore();
  durable.topics.clear();
  durable.pauses.reset();
  durable.breaker_open_since_us = 0;
  durable.dedup.forget_idempotency_keys();
  const std::uint64_t duplicates = durable.ledger.duplicates;
  durable.ledger = {.offered = kept.size(),
                    .duplicates = duplicates - std::min(duplicates, become_outbox.duplicates())};
  state.live.settling_timers.clear();
  state.live.quiesced = state.live.sealed = false;
  state.limits = as_outbox(state.limits);
  declare(state, become_outbox.as());
  durable.generations.clear();
  if (become_outbox.generation() != 0)
    durable.generations = {{become_outbox.generation(), become_outbox.up_to()}};
  for (Kept& one : kept) {
    Entry& entry = durable.index.add(one.sequence);
    entry.place = one.entry.place;
    entry.index = one.entry.index;
    durable.index.set_bytes(entry, one.entry.bytes);
    if (one.body) durable.index.set_body(one.sequence, std::move(one.body));
    enqueue(state, one.sequence, entry, outbox_line);
  }
}

MovedPage page_to_move(const State& state, Sequence from, Sequence up_to) {
  MovedPage out{page_of(state, from, chunk_messages, chunk_bytes), {}};
  std::erase_if(out.page.messages, [=](const PageEntry& one) { return one.sequence > up_to; });
  if (out.page.next > up_to) out.page.next = 0;
  if (!out.page.messages.empty()) {
    out.columns = snapshot_of_messages(state, out.page.messages.front().sequence,
                                       out.page.messages.back().sequence);
  }
  return out;
}

}  // namespace millrace::queues
