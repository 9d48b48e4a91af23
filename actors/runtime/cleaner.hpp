// Cleaner: has what is live at the mostly dead head of the log written again, so that a few old
// messages do not hold all that came after them.
//
//   checkpoint ─▶ plan ─▶ one queue after the other moves its part ─▶ the next checkpoint frees it
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/runtime/cleaning_plan.hpp"

namespace millrace {

/// Where the live messages of each queue lay when a checkpoint was taken.
using QueueUse = std::vector<std::pair<queues::QueueNumber, LiveBytes>>;

/// Thread-safe.
class Cleaner {
 public:
  using Done = std::function<void()>;
  /// Tells a queue to move what it has before a segment; `done` is called from any thread.
  using Clean = std::function<void(queues::QueueNumber, journal::SegmentNumber before, Done done)>;

  /// `finished`: all that was planned is moved, and durable.
  Cleaner(const journal::Journal& journal, std::uint64_t segment_bytes, Clean clean, Done finished);

  /// A checkpoint was written, and what it allows was released. Begins a cleaning where one is
  /// worth it and none is under way.
  void consider(const QueueUse& use);

 private:
  [[nodiscard]] CleaningLimits limits() const;
  void go_on();

  const journal::Journal& journal_;
  const std::uint64_t segment_bytes_;
  const Clean clean_;
  const Done finished_;

  std::mutex mutex_;
  bool busy_ = false;
  journal::SegmentNumber before_ = 0;
  std::vector<queues::QueueNumber> waiting_;  ///< queues that still have to move their part
};

}  // namespace millrace
