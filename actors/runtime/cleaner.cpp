#include "actors/runtime/cleaner.hpp"

#include <optional>

#include <spdlog/spdlog.h>

namespace millrace {

Cleaner::Cleaner(const journal::Journal& journal, std::uint64_t segment_bytes, Clean clean,
                 Done finished)
    : journal_(journal),
      segment_bytes_(segment_bytes),
      clean_(std::move(clean)),
      finished_(std::move(finished)) {}

// When nothing is left but the room for cleaning, the log is packed, one segment after the other
// where need be, as long as a tenth of it is dead. Before that, what is about to be handled is
// better left where it is, to die there.
CleaningLimits Cleaner::limits() const {
  if (!journal_.storage_full()) return {.freed_bytes_min = 2 * segment_bytes_};
  const std::uint64_t room = journal_.stats().room_bytes;
  if (!journal_.storage_exhausted()) return {.moved_bytes_max = room};
  return {.live_percent_max = 90, .moved_bytes_max = room / 16 * 15};
}

void Cleaner::consider(const QueueUse& use) {
  {
    const std::lock_guard lock(mutex_);
    if (busy_) return;
    std::vector<SegmentUse> log;
    for (const journal::SegmentInfo& segment : journal_.settled_segments()) {
      SegmentUse one{segment.number, segment.bytes, 0};
      for (const auto& [queue, live] : use) {
        if (const auto at = live.find(segment.number); at != live.end()) {
          one.live_bytes += at->second;
        }
      }
      log.push_back(one);
    }
    before_ = plan_cleaning(log, limits());
    if (before_ == 0) return;
    for (const auto& [queue, live] : use) {
      if (!live.empty() && live.begin()->first < before_) waiting_.push_back(queue);
    }
    busy_ = true;
    spdlog::debug("cleaning the log before segment {}: {} queues have live messages there", before_,
                  waiting_.size());
  }
  go_on();
}

// One queue at a time: what is read and on its way into the log stays small.
void Cleaner::go_on() {
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
  clean_(*next, before_, [this] { go_on(); });
}

}  // namespace millrace
