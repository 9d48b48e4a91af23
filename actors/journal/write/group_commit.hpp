// Group commit: makes records durable, many by one write and sync, and confirms them in log order.
//
//   record            group
//   ──────            ────────────────────────────────────────────────────────────────────────────
//   pending ────────▶ formed ──────────────────▶ written ────────────────▶ confirmed
//   append(),         lsns and place assigned;   durable on disk;          on_committed(), in log
//   any thread        by a flusher, with lock    same flusher, no lock     order, one at a time
//
// 1. append() adds records to PendingRecords and returns. If a flusher waits, it is notified.
// 2. A free flusher forms a group of the pending records, up to group_bytes_max and to the rest of
//    the segment. LogTail assigns the lsns and the place: the log order is fixed here.
// 3. The flusher encodes the group and writes it durably. Up to groups_max groups are in flight;
//    their writes may end in any order. Records that are appended meanwhile are pending for the
//    next group: the more load, the larger the groups. No timer delays a record, unless the disk is
//    short of room.
// 4. A written group is confirmed when every group before it is confirmed. A flusher that has
//    written the oldest group in flight confirms it and the written groups behind it.
//
// Failure: after the first failed write or sync nothing is confirmed any more, not even groups that
// were written, because the log would have a hole.
//
// Mark: a group without records. Written when the log is idle, and at a stop, if no frame on disk
// states yet that the last record is durable. Recovery needs that statement to tell damage from a
// torn write: docs/formats/journal.md.
//
// Full disk: records that make room are pending separately. They go first, and the last
// make_room_segments() of the reserve are theirs alone, so that a full disk never blocks the
// records that free it.
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

#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/write/group.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/journal/write/pending_records.hpp"
#include "actors/journal/write/proposal.hpp"
#include "actors/journal/write/segment_pool.hpp"

namespace millrace::journal {

/// Any thread may call any function concurrently, also from within the listener, except start(),
/// stop() and the destructor.
class GroupCommit final : public SegmentPoolListener {
 public:
  /// Continues a log that ends with record `last_lsn`. The `superseded` segments go to the pool
  /// when the first group is durable; earlier only if the disk is full and no segment is ready.
  /// REQUIRES: `segments`, `pool`, `durable_point` and `listener` outlive this object.
  GroupCommit(const Options& options, Lsn last_lsn, std::vector<SegmentNumber> superseded,
              SegmentTable& segments, SegmentPool& pool, DurablePointWriter& durable_point,
              Listener& listener);
  ~GroupCommit() override;
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  /// Starts the flushers. Once.
  void start();

  /// Refuses further appends, writes and confirms what is pending, writes a mark, and joins the
  /// flushers. Records for which the full disk has no segment stay unconfirmed. Blocks; a second
  /// call does nothing. REQUIRES: not called by the listener.
  void stop();

  /// See Journal::append().
  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals);

  /// Lets all records use the whole reserve from now on. For a shutdown, when no further records
  /// that make room are expected.
  void open_reserve();

  /// Notifies flushers that wait for a segment; calls Listener::on_storage_full() if room is short.
  void on_segments_changed() override;

  /// Fails the log with `error`: see "Failure" above. Listener::on_failed() is called once, for the
  /// first failure.
  void on_pool_failed(const Error& error) override { fail(error); }

  /// Lsn of the last confirmed record.
  [[nodiscard]] Lsn durable() const { return durable_.load(std::memory_order_acquire); }
  /// Segment that the last group was formed in; 0 before the first group.
  [[nodiscard]] SegmentNumber current_segment() const {
    return current_segment_.load(std::memory_order_relaxed);
  }
  /// Bytes of frames that fit into the rest of the current segment.
  [[nodiscard]] std::uint64_t room() const { return room_.load(std::memory_order_relaxed); }
  [[nodiscard]] const GroupCounters& counters() const { return counters_; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Clock = std::chrono::steady_clock;
  enum class Kind { ordinary, makes_room };  ///< of the records of a group; a mark is ordinary

  // The functions that take a Lock are called with it held and return with it held; they release it
  // to wait, and to call the listener. The others below are called with the lock held and keep it,
  // except write().
  void run();
  Group* next_group(Lock& lock);
  PendingRecords* next_pending();
  bool ensure_room(std::uint64_t bytes, Kind kind);
  [[nodiscard]] bool is_reserved(Kind kind, std::size_t segments_ready) const;
  [[nodiscard]] bool may_take_segment(Kind kind, std::size_t segments_ready) const;
  Group* form_group(PendingRecords& pending);
  Group* form_mark();
  Group& take_slot();
  void wait(Lock& lock);
  bool wait_until_idle(Lock& lock);
  bool wait_for_more_records(Lock& lock);
  Result<void> write(Group& group, AlignedBuffer& buffer);
  void confirm(Lock& lock);
  bool note_segment(Lock& lock, const Group& group);
  void fail(const Error& error);
  void report_failure(Lock& lock);
  void release_superseded();

  [[nodiscard]] bool has_pending() const {
    return !ordinary_.is_empty() || !makes_room_.is_empty();
  }
  [[nodiscard]] std::size_t groups_in_flight() const { return groups_formed_ - groups_confirmed_; }
  [[nodiscard]] bool needs_mark() const {
    return marked_ < durable_.load(std::memory_order_relaxed);
  }

  const Options options_;
  SegmentTable& segments_;
  SegmentPool& pool_;
  DurablePointWriter& durable_point_;
  Listener& listener_;

  std::mutex mutex_;  ///< guards the fields down to the atomic ones
  std::condition_variable work_;
  std::size_t waiting_ = 0;   ///< flushers that wait on `work_`
  bool is_notified_ = false;  ///< a waiting flusher was notified and has not run yet

  PendingRecords ordinary_;
  PendingRecords makes_room_;
  LogTail tail_;

  /// Groups in flight: a ring in log order. Group n, counted from 0, is at n modulo its size while
  /// groups_confirmed_ <= n < groups_formed_.
  /// Invariant: groups_confirmed_ <= groups_formed_ <= groups_confirmed_ + slots_.size().
  std::vector<Group> slots_;
  std::uint64_t groups_formed_ = 0;
  std::uint64_t groups_confirmed_ = 0;

  SegmentNumber noted_segment_ = 0;   ///< the newest one that the durable point names
  Lsn noted_first_lsn_ = 0;           ///< of that segment
  bool is_calling_listener_ = false;  ///< a thread confirms or reports: no other thread may
  bool is_mark_awaited_ = false;      ///< a flusher waits in wait_until_idle()
  Lsn marked_ = 0;  ///< highest lsn that a frame on disk states as durable; marked_ <= durable_
  std::vector<SegmentNumber> superseded_;

  bool is_stopping_ = false;
  bool is_reserve_open_ = false;
  std::optional<Error> failure_;  ///< the first failure; never reset
  bool is_failure_reported_ = false;

  bool was_short_ = false;  ///< SegmentPool::is_short() as last reported; on the pool's thread only

  std::atomic<Lsn> durable_;                        ///< see durable(); written with the lock held
  std::atomic<SegmentNumber> current_segment_ = 0;  ///< see current_segment()
  std::atomic<std::uint64_t> room_ = 0;             ///< see room()
  GroupCounters counters_;
  std::vector<std::thread> flushers_;
};

}  // namespace millrace::journal
