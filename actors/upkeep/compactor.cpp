#include "actors/upkeep/compactor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

namespace millrace {

Compactor::Compactor(const journal::Journal& journal, std::uint64_t segment_bytes,
                     std::chrono::milliseconds pack_after, Clean compact, Done finished)
    : journal_(journal),
      segment_bytes_(segment_bytes),
      pack_after_(pack_after),
      compact_(std::move(compact)),
      finished_(std::move(finished)) {}

// The log is packed, one segment after the other where need be, as long as a tenth of it is dead:
// when nothing is left but the room for that, or when room has been short for a while. Before that,
// what is about to be handled is better left where it is, to die there.
bool Compactor::packs() {
  const auto now = std::chrono::steady_clock::now();
  if (!short_since_) short_since_ = now;
  return journal_.storage_exhausted() || now - *short_since_ >= pack_after_;
}

/// One segment, however large its messages are, always fits into two. Of what is spare beyond
/// those, half is left to outcomes under way; what those of later leases may take is not counted
/// on. Where less is spare, as with a small reserve, it does for less, and what groups leave
/// unused.
std::uint64_t Compactor::moved_bytes_max(std::uint64_t log_bytes) const {
  const std::uint64_t spare = journal_.stats().spare_bytes;
  const std::uint64_t two = 2 * segment_bytes_;
  if (spare < two) return spare / 16 * 15;
  return segment_bytes_ + std::min(spare - two, log_bytes / 16) / 2;
}

// What cannot be moved now, as its queue is handed over, is not tried again at once.
bool Compactor::is_in_vain(journal::SegmentNumber first, journal::SegmentNumber before) {
  const bool same = before != 0 && before == before_ && first == first_;
  first_ = first;
  if (same) {
    const auto now = std::chrono::steady_clock::now();
    if (!again_at_) again_at_ = now + pack_after_;
    if (now < *again_at_) return true;
  }
  again_at_.reset();
  return false;
}

journal::SegmentNumber Compactor::plan() {
  const std::vector<SegmentUse> log = segments_in_use();
  if (log.empty()) return 0;
  CompactionLimits limits{.freed_bytes_min = 2 * segment_bytes_};
  bool packing = false;
  if (journal_.storage_full()) {
    packing = packs();
    std::uint64_t log_bytes = 0;
    for (const SegmentUse& segment : log) log_bytes += segment.bytes;
    limits = {.moved_bytes_max = moved_bytes_max(log_bytes)};
    if (packing) limits.live_percent_max = 90;
  } else {
    short_since_.reset();
  }
  const journal::SegmentNumber before = plan_compaction(log, limits);
  if (packing && before == 0) short_since_.reset();  // it is packed; in a while, again
  return is_in_vain(log.front().number, before) ? 0 : before;
}

void Compactor::consider(QueueUse use) {
  {
    const std::lock_guard lock(mutex_);
    use_ = std::move(use);
    const std::vector<journal::SegmentInfo> settled = journal_.settled_segments();
    settled_end_ = settled.empty() ? 0 : settled.back().number + 1;
  }
  reconsider();
}

void Compactor::reconsider() {
  {
    const std::lock_guard lock(mutex_);
    if (busy_ || use_.empty()) return;
    const journal::SegmentNumber before = plan();
    if (before == 0) return;
    before_ = before;
    const QueueUse use = std::exchange(use_, {});
    for (const auto& [queue, live] : use) {
      if (!live.empty() && live.begin()->first < before_) waiting_.push_back(queue);
    }
    busy_ = true;
    spdlog::debug("compaction the log before segment {}: {} queues have live messages there",
                  before_, waiting_.size());
  }
  go_on();
}

std::vector<SegmentUse> Compactor::segments_in_use() const {
  std::vector<SegmentUse> log;
  for (const journal::SegmentInfo& segment : journal_.settled_segments()) {
    if (segment.number >= settled_end_) break;  // settled by a newer checkpoint than use_ is from
    SegmentUse one{segment.number, segment.bytes, 0};
    for (const auto& [queue, live] : use_) {
      if (const auto at = live.find(segment.number); at != live.end()) {
        one.live_bytes += at->second;
      }
    }
    // They are estimates, and a segment holds no more than its length.
    one.live_bytes = std::min(one.live_bytes, one.bytes);
    log.push_back(one);
  }
  return log;
}

// One queue at a time: what is read and on its way into the log stays small.
void Compactor::go_on() {
  std::optional<queues::QueueNumber> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      busy_ = false;
    } else {
      next = waiting_.back();
      waiting_.pop_back();
    }
  }
  if (!next) return finished_();
  compact_(*next, before_, [this] { go_on(); });
}

}  // namespace millrace
