// CommitCore: decides which groups may be written, written again, and confirmed. Pure: knows no
// database, clock or thread; the shell reports what befell each group.
//
//   begin() ──▶ flying ──on_written()──▶ written ──take_confirmed(), in log order──▶ gone
//                  │                        ▲
//             on_lost()                     │ on_settled()
//                  ▼                        │
//               doubt ──▶ must_settle() ────┘
//
// A group whose answer did not come is in doubt, and everything that was begun after it waits. Settling
// is one transaction on one server: it reads which of the groups in doubt are there, writes the missing
// ones again under their numbers, and a marker; its commit makes them all durable, because the
// standby receives commits in their order. "The row is there" alone says nothing: a commit whose wait
// for the standby was cancelled is visible and on one server only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

using logs::Lsn;
using logs::SegmentNumber;

/// Number of a group, from 0, in log order.
using GroupNumber = std::uint64_t;

/// Where a group lies, and what it holds.
struct GroupSpan {
  SegmentNumber segment = 0;
  Lsn segment_first_lsn = 0;
  Lsn first_lsn = 0;
  std::uint32_t count = 0;  ///< of records
  std::uint64_t bytes = 0;  ///< of frames

  [[nodiscard]] Lsn last_lsn() const { return first_lsn + count - 1; }
};

/// A row that the server shows.
struct SeenRow {
  Lsn lsn = 0;
  std::uint32_t count = 0;
};

/// What the epoch in the table of a server says to the owner of `mine`.
enum class Standing : std::uint8_t {
  owner,
  fenced,        ///< another process has taken the log over
  stale_server,  ///< the table is older than this owner: a former primary, to be left for the next server
};
[[nodiscard]] constexpr Standing standing_of(std::uint64_t mine,
                                             std::optional<std::uint64_t> found) {
  if (!found || *found < mine) return Standing::stale_server;
  return *found == mine ? Standing::owner : Standing::fenced;
}

class CommitCore {
 public:
  /// The log ends with record `last_lsn`; at most `groups_max` groups fly at once. No segment is open.
  CommitCore(Lsn last_lsn, std::size_t groups_max, std::uint64_t segment_bytes)
      : groups_max_(groups_max),
        segment_bytes_(segment_bytes),
        next_lsn_(last_lsn + 1),
        confirmed_lsn_(last_lsn) {}

  /// Whether a group may begin: nothing is in doubt, and fewer than groups_max are flying.
  [[nodiscard]] bool may_begin() const { return !must_settle_ && flying_ < groups_max_; }

  /// Bytes that fit into the rest of the segment; 0: none is open.
  [[nodiscard]] std::uint64_t segment_room() const {
    return segment_ == 0 || segment_used_ >= segment_bytes_ ? 0 : segment_bytes_ - segment_used_;
  }
  [[nodiscard]] SegmentNumber segment() const { return segment_; }  ///< open; 0: none

  /// Groups go to `segment` from now on. REQUIRES: it is above the one before.
  void open_segment(SegmentNumber segment);

  /// Begins a group of `count` records with `bytes` of frames: gives it its numbers and its place. It is
  /// flying. REQUIRES: may_begin(), a segment is open.
  [[nodiscard]] GroupNumber begin(std::uint32_t count, std::uint64_t bytes);

  /// The server has confirmed the commit of a flying group.
  void on_written(GroupNumber number);
  /// The commit of a flying group has failed, or its answer will not come.
  void on_lost(GroupNumber number);
  /// A session was lost, with no group: whether the server still is what it was is unknown.
  void on_session_lost() { must_settle_ = true; }

  /// Whether settle must be called for before anything else is written.
  [[nodiscard]] bool must_settle() const { return must_settle_; }
  /// Whether it may begin: no answer is expected any more.
  [[nodiscard]] bool may_settle() const { return must_settle_ && flying_ == 0; }

  /// The groups to look for and, if they are missing, to write again, in log order: all that are not
  /// confirmed. Fails with `corrupt` if a row has one of their numbers and other contents. REQUIRES:
  /// may_settle(); `seen` are the rows from the first of unconfirmed() on, in log order.
  [[nodiscard]] Result<std::vector<GroupNumber>> missing(std::span<const SeenRow> seen) const;

  /// The transaction that looked, wrote again what was missing() and wrote a marker is durable.
  void on_settled();

  /// The next group to confirm, and forgets it; empty: none. Goes in log order.
  [[nodiscard]] std::optional<GroupNumber> take_confirmed();

  /// REQUIRES: the group is not confirmed.
  [[nodiscard]] const GroupSpan& span(GroupNumber number) const {
    return groups_[number - first_number_].span;
  }
  /// Groups that are not confirmed: numbers from first_unconfirmed() on.
  [[nodiscard]] std::size_t unconfirmed() const { return groups_.size(); }
  [[nodiscard]] GroupNumber first_unconfirmed() const { return first_number_; }
  [[nodiscard]] std::size_t flying() const { return flying_; }
  [[nodiscard]] Lsn confirmed_lsn() const { return confirmed_lsn_; }
  [[nodiscard]] Lsn next_lsn() const { return next_lsn_; }

 private:
  enum class State : std::uint8_t { flying, written, doubt };
  struct Group {
    GroupSpan span;
    State state = State::flying;
  };
  [[nodiscard]] Group& at(GroupNumber number) { return groups_[number - first_number_]; }

  const std::size_t groups_max_;
  const std::uint64_t segment_bytes_;
  Lsn next_lsn_;
  Lsn confirmed_lsn_;
  SegmentNumber segment_ = 0;
  Lsn segment_first_lsn_ = 0;
  std::uint64_t segment_used_ = 0;  ///< bytes of the frames in it
  std::deque<Group> groups_;        ///< not confirmed, in log order
  GroupNumber first_number_ = 0;    ///< of groups_.front()
  std::size_t flying_ = 0;          ///< groups in this state
  bool must_settle_ = false;
};

}  // namespace millrace::postgres_log
