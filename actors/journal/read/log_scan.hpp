// Finds the log in a data directory and reads it in order. Changes nothing.
//
// A bad frame where record x was expected is one of three things:
//   the next segment begins at x        go on there: rotation, or where a former recovery cut
//   a later frame says x was durable    corruption of confirmed data: `corrupt`, refuse to start
//   otherwise                           a write that a crash tore: the log ends at x - 1
// Why this is right: docs/formats/journal.md.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// A segment that is part of the log.
struct SegmentInfo {
  SegmentNumber number = 0;
  Lsn first_lsn = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

/// Where a log ends, and which files it consists of.
struct LogEnd {
  Lsn last_lsn = 0;               ///< of the last record; 0 in an empty log
  bool torn = false;              ///< frames that were never confirmed were found after it
  SegmentNumber last_number = 0;  ///< highest number of any segment file
  std::vector<SegmentInfo> live;  ///< by number; the last one holds the end of the log
  /// Opened before a crash, nothing in them counts. To be kept until the next record is durable.
  std::vector<SegmentNumber> superseded;
  std::vector<SegmentNumber> unopened;  ///< made ready and never written
};

/// What the newest checkpoint says about the log.
struct LogStart {
  Lsn replay_from = 1;   ///< first record to visit
  Lsn last_durable = 0;  ///< the log is known to reach at least up to here
};

using FrameVisitor = std::function<Result<void>(const Frame&)>;

/// Visits every record from `start.replay_from` on, in order, and returns where the log ends.
/// An error of `visit` ends the scan and is returned. Fails with `corrupt` (confirmed data fails
/// its check; file, offset and what was expected are named), `unsupported_version`,
/// `storage_failed`. Blocks; needs memory for one segment.
Result<LogEnd> scan_log(const DataDirectory& directory, const LogStart& start,
                        const FrameVisitor& visit);

}  // namespace millrace::journal
