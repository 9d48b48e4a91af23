// Backups of the journal without a running node: of a stopped one, and back into a data directory.
#pragma once

#include <cstdint>
#include <filesystem>

#include "actors/log/backup.hpp"
#include "messages/result.hpp"

namespace millrace::engines {

/// A backup on disk.
struct StoredBackup {
  logs::BackupIdentity identity;
  logs::BackupInfo info;
};

/// Writes a backup of the data directory of a stopped node to `target`, a new or empty directory.
/// Fails with `not_found` (no data directory), `storage_locked` (a node runs on it), `foreign_file`
/// (a directory holds other files), `outdated` (the log has moved elsewhere), `unsupported_version`, `corrupt`, `storage_full`,
/// `storage_failed`. Blocks.
[[nodiscard]] Result<StoredBackup> back_up_stopped(const std::filesystem::path& data_dir,
                                                   const std::filesystem::path& target,
                                                   std::int64_t at_us);

/// Makes the data directory `target`, which must be new or empty, from the backup at `backup`. Until
/// it has succeeded, no node starts on `target`. Fails with `not_found` (no complete backup) and as
/// back_up_stopped(). Blocks.
[[nodiscard]] Result<StoredBackup> restore_backup(const std::filesystem::path& backup,
                                                  const std::filesystem::path& target);

}  // namespace millrace::engines
