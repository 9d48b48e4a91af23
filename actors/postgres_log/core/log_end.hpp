// LogEnd: finds where a log ends whose groups may have become durable out of order: behind the first
// gap nothing was confirmed, so the log ends there. Pure: receives the rows, in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/postgres_log/core/row_format.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Key of a row.
struct RowKey {
  SegmentNumber segment = 0;
  Lsn lsn = 0;

  friend bool operator==(const RowKey&, const RowKey&) = default;
};

/// Usage: add() each row from the one that holds the first record to replay on, in order of segments
/// and records; then check_behind_gap() with the head of each row of behind_gap().
class LogEnd {
 public:
  /// A start replays from `replay_from` on: the records before it need not be there.
  explicit LogEnd(Lsn replay_from) : next_(replay_from) {}

  void add(SegmentNumber segment, Lsn lsn, std::uint32_t count) {
    if (!is_begun_ && lsn + count < next_) return;  // before what is replayed
    if (behind_gap_.empty() && (is_begun_ ? lsn == next_ : lsn <= next_)) {
      next_ = lsn + count;
      is_begun_ = true;
      last_segment_ = segment;
    } else {
      behind_gap_.push_back({segment, lsn});
    }
  }

  /// Forgets the rows behind the gap: from then on add() takes the rows from last_lsn() + 1 on again, when more
  /// of them are there.
  void forget_behind_gap() { behind_gap_.clear(); }

  /// The log ends with this record; replay_from - 1 if there is no row.
  [[nodiscard]] Lsn last_lsn() const { return next_ - 1; }
  /// Segment of that record; 0 if there is no row.
  [[nodiscard]] SegmentNumber last_segment() const { return last_segment_; }
  /// Whether the log has a row that ends with the record before the first to replay, or a later one.
  [[nodiscard]] bool is_begun() const { return is_begun_; }

  /// Rows that are no part of the log.
  [[nodiscard]] const std::vector<RowKey>& behind_gap() const { return behind_gap_; }

  /// Fails with `corrupt` if the head of a row behind the gap states that the missing record was
  /// confirmed: the gap is a loss then, not the trace of a process that ended while it wrote.
  [[nodiscard]] Result<void> check_behind_gap(const RowHead& head) const {
    if (head.durable < next_) return {};
    return Error{ErrorCode::corrupt, "record " + std::to_string(next_) +
                                         " is missing, but record " + std::to_string(head.lsn) +
                                         " states that record " + std::to_string(head.durable) +
                                         " was confirmed before it"};
  }

 private:
  Lsn next_;  ///< behind the last record found so far
  SegmentNumber last_segment_ = 0;
  bool is_begun_ = false;
  std::vector<RowKey> behind_gap_;
};

}  // namespace millrace::postgres_log
