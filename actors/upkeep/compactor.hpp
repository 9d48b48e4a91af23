// Compactor: has what is live at the mostly dead head of the log written again, so that a few old
// messages do not hold all that came after them.
//
//   checkpoint ─▶ plan ─▶ one queue after the other moves its part ─▶ the next checkpoint frees it
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/upkeep/compaction_plan.hpp"

namespace millrace {

/// Where the live messages of each queue lay when a checkpoint was taken.
using QueueUse = std::vector<std::pair<queues::QueueNumber, LiveBytes>>;

/// Thread-safe.
class Compactor {
 public:
  using Done = std::function<void()>;
  /// Tells a queue to move what it has before a segment; `done` is called from any thread.
  using Clean = std::function<void(queues::QueueNumber, journal::SegmentNumber before, Done done)>;

  /// Where room is short for `pack_after`, what is at rest is packed. `finished`: all that was
  /// planned is moved, and durable.
  Compactor(const journal::Journal& journal, std::uint64_t segment_bytes,
            std::chrono::milliseconds pack_after, Clean compact, Done finished);

  /// A checkpoint was written, and what it allows was released. Begins a compaction where one is
  /// worth it and none is under way.
  void consider(QueueUse use);

  /// The room has changed: what was not worth it, or too much, may be neither now.
  void reconsider();

 private:
  [[nodiscard]] journal::SegmentNumber plan();
  [[nodiscard]] bool packs();
  [[nodiscard]] std::uint64_t moved_bytes_max(std::uint64_t log_bytes) const;
  [[nodiscard]] bool is_in_vain(journal::SegmentNumber first, journal::SegmentNumber before);
  [[nodiscard]] std::vector<SegmentUse> segments_in_use() const;
  void go_on();

  const journal::Journal& journal_;
  const std::uint64_t segment_bytes_;
  const std::chrono::milliseconds pack_after_;
  const Clean compact_;
  const Done finished_;

  std::mutex mutex_;
  bool busy_ = false;
  /// Room is short, and the log was not packed since.
  std::optional<std::chrono::steady_clock::time_point> short_since_;
  QueueUse use_;  ///< by the newest checkpoint, until a compaction changes it
  journal::SegmentNumber settled_end_ = 0;  ///< segments before it were settled by that checkpoint
  journal::SegmentNumber first_ = 0;        ///< the log's head at the last plan
  journal::SegmentNumber before_ = 0;       ///< what the last compaction was asked for
  std::optional<std::chrono::steady_clock::time_point> again_at_;  ///< what it left over
  std::vector<queues::QueueNumber> waiting_;  ///< queues that still have to move their part
};

}  // namespace millrace
