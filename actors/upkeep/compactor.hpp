// Compactor: relocates the live messages in the mostly dead head of the log to its end, so that a
// few old messages do not keep whole segments.
//
//   checkpoint ─▶ plan ─▶ queue after queue relocates its part ─▶ the next checkpoint frees it
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/log/log.hpp"
#include "actors/upkeep/compaction_plan.hpp"

namespace millrace {

/// Thread-safe. At most one compaction is in progress, and in it one queue relocates at a time.
class Compactor {
 public:
  struct Options {
    std::uint64_t segment_bytes = 0;  ///< size of a segment of the log
    /// How long a full disk lasts before everything worth 10 % is compacted, and how long a
    /// compaction that freed nothing is not tried again.
    std::chrono::milliseconds back_off{};
  };

  /// `log` and `actors` must outlive the compactor. `on_finished` is called when all
  /// relocations of a compaction are durable: once per compaction, on any thread, without a lock
  /// held; it may call the compactor and must not throw.
  Compactor(const logs::Log& log, const NodeActors& actors, Options options,
            std::function<void()> on_finished);

  /// A checkpoint was written, and the segments that it made superfluous were released: `use` is
  /// where the live messages lay as of that checkpoint. Begins a compaction if one is worth its
  /// cost and none is in progress. Does not block on I/O.
  void consider(QueueUse use);

  /// Plans again from the newest `use`, because the room on the disk has changed.
  void reconsider();

 private:
  [[nodiscard]] logs::SegmentNumber plan();
  [[nodiscard]] bool should_compact_all();
  [[nodiscard]] std::uint64_t moved_bytes_max(std::uint64_t log_bytes) const;
  [[nodiscard]] bool made_no_progress(logs::SegmentNumber first, logs::SegmentNumber before);
  [[nodiscard]] std::vector<SegmentUse> segments_in_use() const;
  void compact_next();

  const logs::Log& log_;
  const NodeActors& actors_;
  const Options options_;
  const std::function<void()> on_finished_;

  std::mutex mutex_;  ///< guards all below
  bool is_busy_ = false;
  /// Since when the disk has been full without a complete compaction; empty: it is not.
  std::optional<std::chrono::steady_clock::time_point> full_since_;
  QueueUse use_;  ///< as of the newest checkpoint; empty once a compaction was planned from it
  logs::SegmentNumber settled_end_ = 0;  ///< segments below were settled by that checkpoint
  logs::SegmentNumber first_ = 0;        ///< oldest segment at the last plan
  logs::SegmentNumber before_ = 0;       ///< end of the last compaction: segments below it
  /// When a compaction that freed nothing may be tried again; empty: the last one freed something.
  std::optional<std::chrono::steady_clock::time_point> retry_at_;
  std::vector<queues::QueueNumber> waiting_;  ///< queues that have yet to relocate their part
};

}  // namespace millrace
