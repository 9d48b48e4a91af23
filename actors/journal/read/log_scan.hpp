// Log scan: finds the log among the segment files of a data directory, and reads it in order.
// Changes nothing on disk.
//
// If no intact frame of record x is found where the log so far ends, there are three cases:
//
//   a later segment begins at x         continue there: the log was rotated, or an earlier start
//                                       found the end of the log here
//   a frame or the checkpoint states    confirmed data is damaged: `corrupt`, refuse to start
//   that x was durable
//   otherwise                           a crash tore the write of x, which was never confirmed: the
//                                       log ends with x - 1
//
// The rules in full, and why they are right: docs/formats/journal.md, "Reading".
#pragma once

#include <cstdint>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// Where a log ends, and the use of each segment file. Each number is in at most one of the three
/// vectors.
struct LogEnd {
  Lsn last_lsn = 0;               ///< of the last record; 0 in an empty log
  bool torn = false;              ///< intact frames that were never confirmed lie behind the end
  SegmentNumber last_number = 0;  ///< highest number of any segment file; 0: there is none
  std::vector<SegmentInfo> live;  ///< segments of the log by number; the last one holds its end
  /// Opened before a crash, but no part of the log. To be kept until the next group is durable, so
  /// that a second crash finds the same end of the log.
  std::vector<SegmentNumber> superseded;
  std::vector<SegmentNumber> unopened;  ///< ready for use; hold no frame of their own number
};

/// What a checkpoint states about the log.
struct LogStart {
  Lsn replay_from = 1;   ///< first record that the checkpoint does not cover
  Lsn last_durable = 0;  ///< the log was durable up to here when the checkpoint was written
};

/// Visits every record from `start.replay_from` on, in order, and returns where the log ends. Fails
/// with `corrupt` (confirmed data fails its check; the message names file, offset, and what was
/// expected), `unsupported_version`, `storage_failed`, or the error of `visit`. Some records may
/// have been visited then. Blocks. Needs memory for the longest segment.
Result<LogEnd> scan_log(const DataDirectory& directory, const LogStart& start,
                        const FrameVisitor& visit);

}  // namespace millrace::journal
