#include "actors/upkeep/compactor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

namespace millrace {

Compactor::Compactor(const logs::Log& log, const NodeActors& actors, Options options,
                     std::function<void()> on_finished)
    : log_(log), actors_(actors), options_(options), on_finished_(std::move(on_finished)) {}

// On a full disk every segment that is at least a tenth dead is compacted, but only when nothing is
// left except the room for that, or when the disk has been full for `back_off`. Earlier it is
// cheaper to leave messages where they are: most are acked soon.
bool Compactor::should_compact_all() {
  const auto now = std::chrono::steady_clock::now();
  if (!full_since_) full_since_ = now;
  return log_.storage_exhausted() || now - *full_since_ >= options_.back_off;
}

// The live messages of one segment always fit into two, however large each is. Of the spare room
// beyond two segments, half is left for outcomes in flight. With less than two segments to spare,
// as with a small reserve, 15/16 of it is used: groups leave part of each segment unused.
std::uint64_t Compactor::moved_bytes_max(std::uint64_t log_bytes) const {
  const std::uint64_t spare = log_.stats().spare_bytes;
  const std::uint64_t two_segments = 2 * options_.segment_bytes;
  if (spare < two_segments) return spare / 16 * 15;
  return options_.segment_bytes + std::min(spare - two_segments, log_bytes / 16) / 2;
}

// A queue whose shard is being moved relocates nothing. Without a back-off the same plan would be
// made again at every call.
bool Compactor::made_no_progress(logs::SegmentNumber first, logs::SegmentNumber before) {
  const bool is_same_plan = before != 0 && before == before_ && first == first_;
  first_ = first;
  if (is_same_plan) {
    const auto now = std::chrono::steady_clock::now();
    if (!retry_at_) retry_at_ = now + options_.back_off;
    if (now < *retry_at_) return true;
  }
  retry_at_.reset();
  return false;
}

logs::SegmentNumber Compactor::plan() {
  const std::vector<SegmentUse> log = segments_in_use();
  if (log.empty()) return 0;
  CompactionLimits limits{.freed_bytes_min = 2 * options_.segment_bytes};
  bool compacts_all = false;
  if (log_.storage_full()) {
    compacts_all = should_compact_all();
    std::uint64_t log_bytes = 0;
    for (const SegmentUse& segment : log) log_bytes += segment.bytes;
    limits = {.moved_bytes_max = moved_bytes_max(log_bytes)};
    if (compacts_all) limits.live_percent_max = 90;
  } else {
    full_since_.reset();
  }
  const logs::SegmentNumber before = plan_compaction(log, limits);
  if (compacts_all && before == 0) full_since_.reset();  // complete: again after `back_off`
  return made_no_progress(log.front().number, before) ? 0 : before;
}

void Compactor::consider(QueueUse use) {
  {
    const std::lock_guard lock(mutex_);
    use_ = std::move(use);
    const std::vector<logs::SegmentInfo> settled = log_.segments_before_replay();
    settled_end_ = settled.empty() ? 0 : settled.back().number + 1;
  }
  reconsider();
}

void Compactor::reconsider() {
  {
    const std::lock_guard lock(mutex_);
    if (is_busy_ || use_.empty()) return;
    const logs::SegmentNumber before = plan();
    if (before == 0) return;
    before_ = before;
    const QueueUse use = std::exchange(use_, {});
    for (const auto& [queue, live] : use) {
      if (!live.empty() && live.begin()->first < before_) waiting_.push_back(queue);
    }
    is_busy_ = true;
    spdlog::debug("compacting the log before segment {}: {} queues have live messages there",
                  before_, waiting_.size());
  }
  compact_next();
}

std::vector<SegmentUse> Compactor::segments_in_use() const {
  std::vector<SegmentUse> log;
  for (const logs::SegmentInfo& segment : log_.segments_before_replay()) {
    if (segment.number >= settled_end_) break;  // covered by a checkpoint later than that of use_
    SegmentUse one{segment.number, segment.bytes, 0};
    for (const auto& [queue, live] : use_) {
      if (const auto at = live.find(segment.number); at != live.end()) {
        one.live_bytes += at->second;
      }
    }
    // live_bytes() estimates; a segment never holds more than its length.
    one.live_bytes = std::min(one.live_bytes, one.bytes);
    log.push_back(one);
  }
  return log;
}

// One queue at a time bounds the bodies in memory and the relocations in flight.
void Compactor::compact_next() {
  std::optional<queues::QueueNumber> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      is_busy_ = false;
    } else {
      next = waiting_.back();
      waiting_.pop_back();
    }
  }
  if (!next) return on_finished_();
  actors_.compact(*next, before_, [this] { compact_next(); });
}

}  // namespace millrace
