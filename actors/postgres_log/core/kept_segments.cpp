#include "actors/postgres_log/core/kept_segments.hpp"

namespace millrace::postgres_log {

AmissSegments compare(const KeptSegments& kept, std::span<const SegmentInfo> there) {
  AmissSegments amiss;
  SegmentNumber next = kept.first;
  for (const SegmentInfo& segment : there) {
    if (segment.number < kept.first) continue;
    if (segment.number > kept.last) {
      amiss.foreign = segment.number;
      break;
    }
    if (segment.number != next && !amiss.missing) amiss.missing = next;
    next = segment.number + 1;
  }
  if (next <= kept.last && !amiss.missing) amiss.missing = next;
  return amiss;
}

KeptSegments newest_run(std::span<const SegmentInfo> there) {
  if (there.empty()) return {};
  KeptSegments run{there.back().number, there.back().number};
  for (std::size_t i = there.size() - 1; i > 0 && there[i - 1].number + 1 == run.first; --i) {
    run.first = there[i - 1].number;
  }
  return run;
}

}  // namespace millrace::postgres_log
