#include "actors/queue/decide/decide_relocation.hpp"

#include <algorithm>

namespace millrace::queues {

Stranded find_stranded(const State& state, logs::SegmentNumber before, Sequence from,
                       const RelocationLimits& limits) {
  Stranded out;
  std::uint64_t looked_at = 0;
  std::uint64_t bytes = 0;
  const MessageIndex& index = state.durable.index;
  index.visit_from(from, [&](Sequence sequence, const Entry& entry) {
    const std::size_t found = out.bodies.size() + out.wanted.size();
    if (looked_at++ >= limits.looked_at || found >= limits.messages || bytes >= limits.bytes) {
      out.next = sequence;
      return false;
    }
    if (logs::segment_of(entry.place) >= before) return true;
    bytes += entry.bytes;
    if (const Body* body = index.body(sequence)) {
      out.bodies.emplace_back(sequence, *body);
    } else {
      out.wanted.push_back({sequence, entry.place, entry.index});
    }
    return true;
  });
  std::sort(out.wanted.begin(), out.wanted.end(),
            [](const WantedBody& a, const WantedBody& b) { return a.place < b.place; });
  return out;
}

Decision decide_relocation(const State& state, logs::SegmentNumber before,
                           std::span<const RelocatedBody> bodies, TimeUs now_us) {
  Decision out;
  for (const auto& [sequence, body] : bodies) {
    const Entry* entry = state.durable.index.find(sequence);
    if (entry == nullptr || logs::segment_of(entry->place) >= before) continue;
    if (!out.record) out.record = new_record(state, now_us);
    pb::Relocation& move = *out.record->mutable_change(0)->add_relocation();
    move.set_sequence(sequence);
    *move.mutable_envelope() = *body;
  }
  return out;
}

}  // namespace millrace::queues
