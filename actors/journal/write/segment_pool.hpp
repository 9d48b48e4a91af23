// SegmentPool: segment files that are ready for writing. Released segments are recycled; otherwise
// new files are filled with zeros. A thread of the pool does this ahead of time, so that the log
// waits for a segment only while the disk is full.
//
//             take()                          recycle()
//   ready ───────────────▶ part of the log ───────────────▶ recyclable
//     ▲                                                       │     │
//     ├────── renamed, if its length is that of a segment ────┘     └──▶ deleted, if surplus
//     └────── new file, filled with zeros, if the disk has room
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/write/group.hpp"
#include "actors/journal/write/options.hpp"

namespace millrace::journal {

/// Receives changes of a SegmentPool; GroupCommit implements it. Called on the pool's thread while
/// the pool holds no lock: implementations may call the pool, except stop(), and must not throw.
class SegmentPoolListener {
 public:
  virtual ~SegmentPoolListener() = default;

  /// An attempt to add a segment has ended, with or without success; a surplus file was deleted; or
  /// the free space of the disk was measured again because it is short. Whatever begins or ends
  /// is_short() is followed by a call.
  virtual void on_segments_changed() = 0;

  /// A file operation failed for another reason than a full disk. The pool's thread ends; the
  /// segments that are ready stay available. At most once.
  virtual void on_pool_failed(const Error& error) = 0;
};

/// Any thread may call any function concurrently, except start() and stop().
class SegmentPool {
 public:
  /// New segments get numbers from `first_number` on. The files in `recyclable` are used first.
  /// REQUIRES: `directory` and `log`, the segments of the log, outlive the pool.
  SegmentPool(const DataDirectory& directory, const Options& options, const SegmentTable& log,
              SegmentNumber first_number, std::vector<SegmentNumber> recyclable);
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  /// Starts the pool's thread. Once. REQUIRES: `listener` must remain live until stop() returns.
  void start(SegmentPoolListener& listener);

  /// Ends the thread after the operation in progress, and joins it. No segment is added after that.
  /// A second call does nothing.
  void stop();

  /// Takes the oldest ready segment; empty if none is ready. Never waits for the disk.
  [[nodiscard]] std::optional<ReadySegment> take();

  /// The log has one more segment, which may begin is_short(): wakes the pool's thread if so.
  void on_log_grown();

  /// Returns segment `number` to the pool. REQUIRES: nothing will read its contents again.
  void recycle(SegmentNumber number);

  /// Segments that are ready.
  [[nodiscard]] std::size_t ready() const { return ready_count_.load(std::memory_order_relaxed); }

  /// Whether `reserve_segments` segments have been ready since start().
  [[nodiscard]] bool has_been_complete() const {
    return has_been_complete_.load(std::memory_order_relaxed);
  }

  /// Bytes that can be written before the log must release a segment: all segments of the pool, and
  /// the whole segments for which the disk had room when it was last measured.
  [[nodiscard]] std::uint64_t spare_bytes() const {
    const std::uint64_t own = own_count_.load(std::memory_order_relaxed) * options_.segment_bytes;
    // If a segment could not be made, the free space that the disk reports is not usable.
    return is_full() ? own : own + disk_bytes_.load(std::memory_order_relaxed);
  }

  /// Keeps `bytes` of the disk free for the next checkpoint, in addition to `free_bytes_min`.
  void keep_free(std::uint64_t bytes) { keep_free_.store(bytes, std::memory_order_relaxed); }

  /// Whether an attempt to add a segment found no room and the reserve has not been complete since.
  [[nodiscard]] bool is_full() const { return is_full_.load(std::memory_order_relaxed); }

  /// Whether room is short: full, or beyond the reserve there is room for less than a quarter of
  /// the length of the log. That quarter lets the work in the log end, whose records may need up to
  /// a quarter more than they release.
  [[nodiscard]] bool is_short() const {
    return is_full() || (has_measured_.load(std::memory_order_relaxed) &&
                         spare_bytes() < reserve_bytes() + log_.bytes() / short_divisor);
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  static constexpr std::uint64_t short_divisor = 4;

  // The functions that take a Lock are called with it held. They release it during file operations
  // and calls of the listener, and return with it held.
  void run();
  void add_segment(Lock& lock);
  void delete_recyclable(Lock& lock);
  void measure_again(Lock& lock);
  void fail(Lock& lock, const Error& error);

  // These run on the pool's thread without the lock.
  Result<ReadySegment> make_segment(std::optional<SegmentNumber>& recycled, SegmentNumber number);
  Result<bool> rename_recycled(SegmentNumber recycled, SegmentNumber number);
  Result<void> create(SegmentNumber number);
  Result<std::uint64_t> measure_room();

  [[nodiscard]] std::uint64_t reserve_bytes() const {
    return options_.reserve_segments * options_.segment_bytes;
  }

  const DataDirectory& directory_;
  const Options options_;
  const SegmentTable& log_;
  SegmentPoolListener* listener_ = nullptr;  ///< set by start(), before the thread exists

  std::mutex mutex_;  ///< guards the fields down to the atomic ones
  std::condition_variable changed_;
  std::deque<ReadySegment> ready_;        ///< oldest first
  std::deque<SegmentNumber> recyclable_;  ///< files whose contents are not needed
  SegmentNumber next_number_;             ///< of the next segment; used by the pool's thread only
  bool is_stopping_ = false;
  bool is_known_short_ = false;  ///< is_short() as run() last saw it
  bool is_backing_off_ = false;  ///< the disk was full: no attempt before `allocate_retry`

  std::atomic<std::size_t> ready_count_ = 0;   ///< ready_.size()
  std::atomic<std::size_t> own_count_;         ///< ready, recyclable, or between these two states
  std::atomic<std::uint64_t> disk_bytes_ = 0;  ///< whole segments for which the disk has room
  std::atomic<bool> is_full_ = false;          ///< see is_full()
  std::atomic<bool> has_measured_ = false;     ///< disk_bytes_ is known
  std::atomic<bool> has_been_complete_ = false;
  std::atomic<std::uint64_t> keep_free_ = 0;  ///< see keep_free()
  std::thread thread_;
};

}  // namespace millrace::journal
