// Makes proposals durable in groups and confirms them in log order.
//
//   append ──▶ gathered ──▶ group: placed, encoded, written+synced ──▶ confirmed in log order
//              (one list)   (up to groups_max at the same time, a flusher thread each)
//
// A flusher takes all that gathered while the others were writing, so groups grow with the load
// and no timer is needed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "actors/journal/group.hpp"
#include "actors/journal/journal_stats.hpp"
#include "actors/journal/options.hpp"
#include "actors/journal/proposal.hpp"
#include "actors/journal/segment_pool.hpp"
#include "actors/journal/segment_table.hpp"

namespace millrace::journal {

/// Thread-safe. What it is given must outlive it.
class GroupCommit {
 public:
  /// The log ends with `last_lsn`. `superseded` segments are recycled when the first group is
  /// durable, and earlier only if there is no other way to go on.
  GroupCommit(const Options& options, Lsn last_lsn, std::vector<SegmentNumber> superseded,
              SegmentTable& segments, SegmentPool& pool, Listener& listener);
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  void start();

  /// Writes what was appended, marks the end of the log, joins the flushers. Appends are refused
  /// from its beginning on. If the disk is full, what has no segment stays unconfirmed.
  void stop();

  /// See Journal::append.
  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals);

  /// Stops everything: nothing more is confirmed, and the listener hears of it once.
  void fail(const Error& error);

  /// A segment may be there now.
  void segments_changed();

  [[nodiscard]] Lsn durable() const { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] SegmentNumber current_segment() const {
    return current_segment_.load(std::memory_order_relaxed);
  }
  /// Bytes that still go into the current segment.
  [[nodiscard]] std::uint64_t room() const { return room_.load(std::memory_order_relaxed); }
  [[nodiscard]] const GroupCounters& counters() const { return counters_; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Clock = std::chrono::steady_clock;

  void run();
  Group* next_group(Lock& lock);
  bool make_room(std::uint64_t bytes);
  Group* take_records();
  Group* take_mark();
  Group& next_slot();
  void wait(Lock& lock);
  bool wait_idle(Lock& lock);
  bool wait_gathered(Lock& lock);
  Result<void> write(Group& group, AlignedBuffer& buffer);
  void confirm(Lock& lock);
  void report_failure(Lock& lock);
  void release_superseded();

  [[nodiscard]] std::size_t gathered() const { return gathered_.size() - taken_; }
  [[nodiscard]] std::size_t in_flight() const { return slots_taken_ - slots_freed_; }
  [[nodiscard]] bool unmarked() const { return marked_ < durable_.load(std::memory_order_relaxed); }

  const Options options_;
  SegmentTable& segments_;
  SegmentPool& pool_;
  Listener& listener_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::size_t waiting_ = 0;  ///< flushers waiting for work
  bool woken_ = false;       ///< one of them was notified and did not run yet

  std::vector<Committed> gathered_;  ///< appended; those before taken_ are already in a group
  std::size_t taken_ = 0;
  std::uint64_t gathered_bytes_ = 0;  ///< of their frames
  Clock::time_point gathered_at_;     ///< first append after the list was empty
  LogTail tail_;

  std::vector<Group> slots_;       ///< groups in flight, a ring in log order
  std::uint64_t slots_taken_ = 0;  ///< groups formed so far
  std::uint64_t slots_freed_ = 0;  ///< groups confirmed so far
  bool confirming_ = false;        ///< a thread is calling the listener
  bool marker_waits_ = false;      ///< a flusher is waiting for the idle time to pass
  Lsn marked_ = 0;                 ///< highest lsn that a frame on disk says was durable
  std::vector<SegmentNumber> superseded_;

  bool stopping_ = false;
  std::optional<Error> failure_;
  bool failure_reported_ = false;

  std::atomic<Lsn> durable_;
  std::atomic<SegmentNumber> current_segment_ = 0;
  std::atomic<std::uint64_t> room_ = 0;
  GroupCounters counters_;
  std::vector<std::thread> flushers_;
};

}  // namespace millrace::journal
