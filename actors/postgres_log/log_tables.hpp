// LogTables: what the tables of one seat hold, as the opening of a log finds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

using logs::SegmentInfo;

/// The row that says which checkpoint is complete.
struct CheckpointPointer {
  std::uint64_t number = 0;
  Lsn replay_from = 1;
  std::uint32_t parts = 0;
  std::uint64_t entries = 0;
};

/// The log of a seat as one transaction has found it.
struct LogTables {
  std::int32_t seat = 0;
  std::uint64_t epoch = 0;
  std::optional<CheckpointPointer> checkpoint;
  std::vector<SegmentInfo> segments;  ///< with records of the log, oldest first
  std::vector<SegmentNumber> ready;   ///< tables without any, behind them
  std::vector<SegmentNumber> unused;  ///< tables without any, before some that have records
  SegmentNumber newest = 0;           ///< highest number of any table; 0: there is none
  Lsn last_lsn = 0;
  std::string
      run{};  ///< of the server that was taken the log on, see read_server_run(); of take_log()
  bool has_moved = false;  ///< to where hold_log() was told, in a move that was not completed

  [[nodiscard]] Lsn replay_from() const { return checkpoint ? checkpoint->replay_from : 1; }
  /// The segment that holds record `lsn`, or the newest one if that is not in the log yet; null if it
  /// is released or the log is empty.
  [[nodiscard]] const SegmentInfo* segment_holding(Lsn lsn) const;
};

/// Where the tables of a log are.
struct LogName {
  std::string schema;
  std::string node;
};

/// Takes the seat as `options` say, and cuts its log at the first gap, in one transaction: what is found is
/// durable then, and nothing of an earlier owner becomes part of the log any more. Waits for groups that
/// are under way. Makes the seat if there is none. Fails with `storage_locked` (the seat is held by
/// another process, and its lease goes on), `outdated` (its log has moved elsewhere), `corrupt` (confirmed
/// records or a table are missing), `invalid_argument` (see check_tables()), and as Session; with
/// `log_unreachable` the seat may have been taken.
/// REQUIRES: the schema was made.
[[nodiscard]] Result<LogTables> take_log(Session& session, const LogName& name,
                                         const Options& options);

/// As take_log(), in a transaction that stays open: until it ends no other process takes the seat or writes
/// its log, and without a commit nothing has changed. A log that has moved to `target` is held as well: that
/// move was not completed. Fails with `not_found` (there is no log), `outdated`, `storage_locked`,
/// `corrupt`, and as Session.
[[nodiscard]] Result<LogTables> hold_log(Session& session, const LogName& name,
                                         const Options& options, const std::string& target);

/// Reads the same in a transaction that stays open, so that the tables and what is in them stay as they
/// are. Fails with `not_found` (there is no log), `corrupt`, `foreign_file` (the schema is not of `cluster`),
/// `invalid_argument` (see check_tables()), and as Session.
[[nodiscard]] Result<LogTables> view_log(Session& session, const LogName& name,
                                         const std::string& cluster);

/// Visits each record from `next` to tables.last_lsn, and advances `next` to behind what was visited: with
/// it, a visit that broke off goes on. Fails with `corrupt`, the error of `visit`, and as Session.
/// REQUIRES: next >= tables.replay_from(), or `next` is the first record of a segment.
[[nodiscard]] Result<void> visit_log(Session& session, const std::string& schema,
                                     const LogTables& tables, Lsn& next, const FrameVisitor& visit);

}  // namespace millrace::postgres_log
