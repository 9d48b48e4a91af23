// Segments ready to be written: recycled ones first, else new ones filled with zeros. A thread of
// its own makes them, so that appending never waits for that unless the disk is full.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/write/group.hpp"
#include "actors/journal/write/options.hpp"

namespace millrace::journal {

/// Thread-safe. `on_change` and `on_failed` are called by the pool's thread, without a lock held.
class SegmentPool {
 public:
  /// `directory` must outlive the pool. New segments get numbers from `first_number` on; the files
  /// in `recyclable` are used first. `log_bytes` says how long the log is. `on_change`: a
  /// segment was added, or room is short, after each attempt.
  SegmentPool(const DataDirectory& directory, const Options& options, SegmentNumber first_number,
              std::vector<SegmentNumber> recyclable, std::function<std::uint64_t()> log_bytes,
              std::function<void()> on_change, std::function<void(const Error&)> on_failed);
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  void start();

  /// Ends the thread; what it is making is finished first. No segments are added after that.
  void stop();

  /// A ready segment, or nothing.
  [[nodiscard]] std::optional<ReadySegment> take();

  /// The contents of segment `number` are needed no more.
  void recycle(SegmentNumber number);

  [[nodiscard]] std::size_t ready() const { return ready_count_.load(std::memory_order_relaxed); }

  /// Bytes of all segments that can be had without a release: those that are ready or will be, and
  /// what the disk had room for at the last look.
  [[nodiscard]] std::uint64_t spare_bytes() const {
    const std::uint64_t own = own_count_.load(std::memory_order_relaxed) * options_.segment_bytes;
    // Whatever the disk says of its free space, a segment could not be made.
    return is_full() ? own : own + disk_bytes_.load(std::memory_order_relaxed);
  }

  /// Bytes of the disk to be left free beside `free_bytes_min`, as the next checkpoint needs them.
  void keep_free(std::uint64_t bytes) { keep_free_.store(bytes, std::memory_order_relaxed); }

  /// There is no room to keep the reserve up.
  [[nodiscard]] bool is_full() const { return full_.load(std::memory_order_relaxed); }

  /// Full, or nearly: beside the reserve there is room for less than a quarter of what the log
  /// takes. That is enough to finish what is in the log, where that takes a quarter more than it
  /// frees.
  [[nodiscard]] bool is_short() const {
    return is_full() || (looked_.load(std::memory_order_relaxed) &&
                         spare_bytes() < reserve_bytes() + log_bytes_() / short_divisor);
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  static constexpr std::uint64_t short_divisor = 4;

  void run();
  void add_one(Lock& lock);
  Result<ReadySegment> make_segment(std::optional<SegmentNumber>& old, SegmentNumber number);
  Result<bool> reuse(SegmentNumber old, SegmentNumber number);
  Result<void> create(SegmentNumber number);
  [[nodiscard]] std::uint64_t reserve_bytes() const {
    return options_.reserve_segments * options_.segment_bytes;
  }
  Result<std::uint64_t> look_at_room();
  void look_again(Lock& lock);
  void drop_one(Lock& lock);
  void fail(Lock& lock, const Error& error);

  const DataDirectory& directory_;
  const Options options_;
  const std::function<std::uint64_t()> log_bytes_;
  const std::function<void()> on_change_;
  const std::function<void(const Error&)> on_failed_;

  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<ReadySegment> ready_;
  std::deque<SegmentNumber> recyclable_;
  SegmentNumber next_number_;
  bool stopping_ = false;
  bool retry_later_ = false;  ///< the disk was full a moment ago
  std::atomic<std::size_t> ready_count_ = 0;
  std::atomic<std::size_t> own_count_;         ///< ready, to be reused, or in between
  std::atomic<std::uint64_t> disk_bytes_ = 0;  ///< for new segments, whole ones
  std::atomic<bool> full_ = false;
  std::atomic<bool> looked_ = false;  ///< at the disk's free space
  std::atomic<std::uint64_t> keep_free_ = 0;
  std::thread thread_;
};

}  // namespace millrace::journal
