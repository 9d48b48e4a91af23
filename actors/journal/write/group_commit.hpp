// Makes proposals durable in groups and confirms them in log order.
//
//   append ──▶ gathered ──▶ group: placed, encoded, written+synced ──▶ confirmed in log order
//                           (up to groups_max at the same time, a flusher thread each)
//
// A flusher takes all that gathered while the others were writing, so groups grow with the load
// and no timer is needed. Records that make room gather apart: they go first, and the last segments
// of the reserve are theirs alone, so that a full disk never stops what frees it.
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

#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/write/group.hpp"
#include "actors/journal/write/journal_stats.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/journal/write/pending_records.hpp"
#include "actors/journal/write/proposal.hpp"
#include "actors/journal/write/segment_pool.hpp"

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

  /// Nothing makes room any more: from here on the reserve is for all records.
  void open_reserve();

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
  enum class Use { ordinary, make_room };

  void run();
  Group* next_group(Lock& lock);
  Gathering* next_gathering();
  bool make_room(std::uint64_t bytes, Use use);
  [[nodiscard]] bool is_reserved(Use use, std::size_t segments_ready) const;
  Group* take_records(Gathering& gathering);
  Group* take_mark();
  Group& next_slot();
  void wait(Lock& lock);
  bool wait_idle(Lock& lock);
  bool wait_gathered(Lock& lock);
  Result<void> write(Group& group, AlignedBuffer& buffer);
  void confirm(Lock& lock);
  void report_failure(Lock& lock);
  void release_superseded();

  [[nodiscard]] bool has_gathered() const {
    return !ordinary_.is_empty() || !makes_room_.is_empty();
  }
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

  Gathering ordinary_;
  Gathering makes_room_;
  LogTail tail_;

  std::vector<Group> slots_;       ///< groups in flight, a ring in log order
  std::uint64_t slots_taken_ = 0;  ///< groups formed so far
  std::uint64_t slots_freed_ = 0;  ///< groups confirmed so far
  bool confirming_ = false;        ///< a thread is calling the listener
  bool marker_waits_ = false;      ///< a flusher is waiting for the idle time to pass
  Lsn marked_ = 0;                 ///< highest lsn that a frame on disk says was durable
  std::vector<SegmentNumber> superseded_;

  bool stopping_ = false;
  bool reserve_open_ = false;
  std::optional<Error> failure_;
  bool failure_reported_ = false;

  std::atomic<Lsn> durable_;
  std::atomic<SegmentNumber> current_segment_ = 0;
  std::atomic<std::uint64_t> room_ = 0;
  GroupCounters counters_;
  std::vector<std::thread> flushers_;
};

}  // namespace millrace::journal
