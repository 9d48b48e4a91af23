// FollowCore: decides what of a log that another process writes may be taken for the log. Pure: the shell
// reports what each transaction has found.
//
//   look ──▶ plan(): begin ──▶ begin() ──▶ plan(): parts ──▶ on_parts() ⋯ ──▶ plan(): rows ──▶ on_row() ⋯
//
// A row that is visible may be on one server only, as its commit waits for the standby or that wait was
// cancelled: a failover loses it, and another one can come under its number. On the run of the server that has
// shown it, it stays: it was durable there before it was visible, and nobody removes it but a release and a
// takeover, which cuts what lies behind the first gap. So rows are followed up to the first gap, and count
// while the same run of the same server answers. A takeover on that run confirms all that it finds by its own
// commit, which the standby receives behind them.
#pragma once

#include <cstdint>
#include <string>

#include "actors/log/follower.hpp"
#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

using logs::Lsn;
using logs::SegmentNumber;

/// What one transaction has found before it reads the log.
struct FollowView {
  std::string run{};             ///< of the server, and of its tables; see read_server_run()
  std::int32_t seat = 0;         ///< number of the seat; 0: there is none
  std::uint64_t epoch = 0;       ///< of the seat; 0: nobody has taken it, there is no log
  bool has_moved = false;        ///< the log is elsewhere now
  std::uint64_t checkpoint = 0;  ///< number of the newest one; 0: there is none
  std::uint32_t parts = 0;       ///< of it
  Lsn replay_from = 1;           ///< of it
};

/// What a follower does next.
struct FollowPlan {
  enum class Task : std::uint8_t {
    wait,   ///< there is no log; what was followed is void
    begin,  ///< what was followed is void: begins with the newest checkpoint
    parts,  ///< reads parts of the checkpoint
    rows,   ///< reads rows of segments
  };
  Task task = Task::wait;
  std::string reason{};  ///< of wait and begin, for people
};

class FollowCore {
 public:
  [[nodiscard]] FollowPlan plan(const FollowView& view) const;

  /// Begins anew with what the transaction has found. REQUIRES: plan(view) was `begin`, or is_released(view).
  void begin(const FollowView& view);
  /// Nothing is followed any more.
  void forget() { *this = {}; }

  /// Whether something is followed.
  [[nodiscard]] bool is_begun() const { return !log_.empty(); }
  /// Whether the checkpoint was read to its end.
  [[nodiscard]] bool is_complete() const { return is_begun() && parts_read_ == parts_; }
  [[nodiscard]] std::uint64_t checkpoint() const { return checkpoint_; }
  [[nodiscard]] std::uint32_t parts_read() const { return parts_read_; }
  [[nodiscard]] std::uint32_t parts() const { return parts_; }
  /// `count` parts more of the checkpoint were read.
  void on_parts(std::uint32_t count) { parts_read_ += count; }

  /// The next record.
  [[nodiscard]] Lsn next() const { return next_; }
  /// Segment of the last row; 0: none was read.
  [[nodiscard]] SegmentNumber segment() const { return segment_; }
  /// Whether the row of records from `lsn` on has the next record: else it was read, or lies behind a gap.
  [[nodiscard]] bool takes(Lsn lsn, std::uint32_t count) const {
    return lsn <= next_ && next_ < lsn + count;
  }
  /// A row was read. REQUIRES: takes(lsn, count).
  void on_row(SegmentNumber segment, Lsn lsn, std::uint32_t count) {
    segment_ = segment;
    next_ = lsn + count;
  }
  /// Of a transaction that has looked for the next record after `view`, and has found none: whether the record
  /// is gone, as a checkpoint covers it. Else nobody has written it yet.
  [[nodiscard]] bool is_released(const FollowView& view) const { return view.replay_from > next_; }

  [[nodiscard]] logs::FollowMark mark() const { return {is_complete(), next_ - 1, log_}; }

 private:
  std::string log_;  ///< see log_name(); empty: nothing is followed
  std::uint64_t epoch_ = 0;
  std::uint64_t checkpoint_ = 0;
  std::uint32_t parts_ = 0;
  std::uint32_t parts_read_ = 0;  ///< <= parts_
  Lsn next_ = 1;
  SegmentNumber segment_ = 0;
};

/// A log as a takeover has found it, in the transaction that raised the epoch.
struct TakenLog {
  std::string run{};  ///< as FollowView::run
  std::int32_t seat = 0;
  Lsn first_lsn = 0;  ///< oldest record that is there; 0: there is none
  Lsn last_lsn = 0;
  Lsn replay_from = 1;  ///< of the checkpoint; 1: there is none
};

/// Fails with `outdated` unless what was followed is the beginning of the log, and all that is behind it is
/// there. The message says why.
[[nodiscard]] Result<void> check_followed(const logs::FollowMark& mark, const TakenLog& log);

}  // namespace millrace::postgres_log
