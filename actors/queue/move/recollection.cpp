#include "actors/queue/move/recollection.hpp"

namespace millrace::queues {
namespace {

// An outbox acks its messages in order, when its target has said that they are durable.
std::uint64_t base_of(const Durable& outbox) {
  std::uint64_t base = outbox.last;
  outbox.index.visit_from(0, [&base](Sequence first, const Entry& /*entry*/) {
    base = first - 1;
    return false;
  });
  return base;
}

}  // namespace

void recollect(const State& state, const std::string& queue, Recollection& into) {
  if (state.declaration->staged()) return;
  const pb::Declaration& declaration = *state.declaration;
  const Durable& durable = state.durable;
  if (declaration.has_outbox()) {
    const std::uint64_t base = base_of(durable);
    into.outboxes.push_back({queue, declaration.shard(), declaration.outbox().producer(), base,
                             durable.generations.empty() ? base : durable.generations.front().after,
                             durable.last, durable.generations});
    return;
  }
  for (const auto& [name, producer] : durable.dedup.producers()) {
    if (producer.generation == 0) continue;
    into.sessions.push_back({queue, declaration.shard(), name, producer.last, producer.generation});
  }
}

}  // namespace millrace::queues
