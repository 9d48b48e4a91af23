#include "actors/upkeep/compaction_plan.hpp"

namespace millrace {
namespace {

/// Bytes of an envelope besides key and payload, with its share of record and frame.
constexpr std::uint64_t overhead_bytes = 64;

}  // namespace

LiveBytes live_bytes(const queues::State& state) {
  LiveBytes live;
  auto at = live.end();
  state.durable.index.for_each([&](queues::Sequence, const queues::Entry& entry) {
    // Consecutive messages mostly lie in the same segment.
    const logs::SegmentNumber segment = logs::segment_of(entry.place);
    if (at == live.end() || at->first != segment) at = live.try_emplace(segment).first;
    at->second += entry.bytes + overhead_bytes;
  });
  return live;
}

logs::SegmentNumber plan_compaction(std::span<const SegmentUse> log,
                                    const CompactionLimits& limits) {
  // Choose the prefix with the largest surplus, not the longest allowed one: an empty segment must
  // not pay for the relocation of a dense one behind it.
  logs::SegmentNumber best = 0;
  std::uint64_t best_freed = 0;
  std::int64_t best_surplus = 0;
  std::uint64_t freed = 0;
  std::uint64_t moved = 0;
  for (const SegmentUse& segment : log) {
    freed += segment.bytes;
    moved += segment.live_bytes;
    const auto surplus = static_cast<std::int64_t>(freed * limits.live_percent_max) -
                         static_cast<std::int64_t>(moved * 100);
    if (surplus <= best_surplus) continue;
    best_surplus = surplus;
    best_freed = freed;
    best = segment.number + 1;
  }
  if (best == 0 || best_freed < limits.freed_bytes_min) return 0;
  moved = 0;
  logs::SegmentNumber before = 0;
  for (const SegmentUse& segment : log) {
    moved += segment.live_bytes;
    if (segment.number >= best || moved > limits.moved_bytes_max) break;
    before = segment.number + 1;
  }
  return before;
}

}  // namespace millrace
