// Recovery: everything that a start reads, which is the newest checkpoint and the log behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/journal/backup/backup.hpp"
#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

/// Contents of a data directory, without records and entries.
struct Recovered {
  std::optional<CheckpointFileInfo> checkpoint;  ///< the checkpoint whose entries were visited
  std::vector<Error> damaged;                    ///< one error for each newer, damaged checkpoint
  std::uint64_t last_checkpoint_number = 0;  ///< highest number of any checkpoint file; 0: no file
  LogStart start;                            ///< of `checkpoint`, or the beginning of the log
  LogEnd end;                                ///< where the log ends
};

/// Visits the entries of the newest intact checkpoint, then every record from its `replay_from` on,
/// in order. Changes nothing on disk, so that a node's start and offline tools share it.
///
/// If the newest checkpoint is damaged, the intact one before it is used, provided that the log
/// still reaches back to that one's `replay_from`.
///
/// Fails with `corrupt` (confirmed data fails its check, or no usable checkpoint is left; the
/// message names file and offset), `unsupported_version`, `storage_failed`, or the error of a
/// visitor, which ends the reading. After a failure the visitors may have received a part.
/// Blocks. REQUIRES: no other process writes to `directory`, which its lock ensures.
Result<Recovered> recover(const DataDirectory& directory, const EntryVisitor& on_entry,
                          const FrameVisitor& on_frame);

/// Writes a backup of the directory of a stopped node to `target`, a new or empty directory. Fails
/// as recover(), and as the functions of BackupWriter. Blocks.
[[nodiscard]] Result<Manifest> back_up_stopped(const DataDirectory& from,
                                               const FileSystem::Path& target, std::int64_t at_us);

}  // namespace millrace::journal
