// Backups: copies of a data directory as of one record, and back.
//
//   a backup = the files of a data directory, and `manifest`
//
// A backup holds the newest checkpoint, all segments, and of the last one the records up to the
// last one that was durable. Segments are copied, not linked: a released segment is written again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/journal/backup/manifest.hpp"
#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

/// Writes one backup into a new or empty directory. Not thread-safe; every function blocks. After a
/// failure, the destructor removes the files that were written. The functions fail with
/// `foreign_file` (the target is not empty), `corrupt` (a file of the source is damaged),
/// `storage_full`, `storage_failed`.
class BackupWriter {
 public:
  /// REQUIRES: `from` outlives the writer.
  BackupWriter(const DataDirectory& from, FileSystem::Path target);
  ~BackupWriter();
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  /// Makes the target. Called first.
  Result<void> begin();

  /// Gives the files of checkpoint `number`, and of the keyed states that it names, second names, so that
  /// add_checkpoint() finds them after they were removed. Takes no time. Returns false if the file system
  /// has no second names. REQUIRES: nobody removes the files during the call.
  [[nodiscard]] Result<bool> pin_checkpoint(std::uint64_t number);

  /// Copies checkpoint `number`, and the keyed states that it names. `may_go_on` as in add_log().
  /// REQUIRES: it is pinned, or nobody removes either during the call.
  Result<void> add_checkpoint(std::uint64_t number, const std::function<Result<void>()>& may_go_on);

  /// Copies `segments`, oldest first, and of the last one the records up to `durable`, which it
  /// holds. `may_go_on` is asked now and then; its failure ends the backup. REQUIRES: none of the
  /// segments is reused during the call; records up to `durable` are durable.
  Result<void> add_log(const std::vector<SegmentInfo>& segments, Lsn durable,
                       const std::function<Result<void>()>& may_go_on);

  /// Writes the manifest, which completes the backup. Called last.
  Result<Manifest> finish(const BackupIdentity& identity, std::int64_t at_us);

 private:
  Result<void> copy(const std::string& name, const std::function<Result<void>()>& may_go_on);
  Result<void> copy_last(const SegmentInfo& segment, Lsn durable);
  /// The keyed states that a checkpoint names; none: it has them itself.
  struct States {
    std::string directory{};
    std::vector<std::string> names{};
  };
  [[nodiscard]] Result<States> states_of_checkpoint(const FileSystem::Path& path) const;
  /// Where the file `name` of the source is.
  [[nodiscard]] FileSystem::Path source_of(const std::string& name) const;
  [[nodiscard]] Result<void> pin(const std::string& name, const FileSystem::Path& as);
  void unpin();
  Result<void> write(const std::string& name, const std::string& bytes);

  const DataDirectory& from_;
  FileSystem& files_;
  FileSystem::Path target_;
  Manifest manifest_;
  std::vector<FileSystem::Path> written_;           ///< removed after a failure
  std::map<std::string, FileSystem::Path> pinned_;  ///< second names of files of the source
  bool is_complete_ = false;
};

/// Reads and checks the manifest of the backup at `path`. Fails with `not_found` (no complete
/// backup), `corrupt`, `unsupported_version`, `storage_failed`. Blocks.
[[nodiscard]] Result<Manifest> read_manifest(FileSystem& files, const FileSystem::Path& path);

/// Makes the data directory `target`, which must be new or empty, from the backup at `backup`, and
/// marks it as restored. Checks the length and checksum of every file. Until it has succeeded, no
/// node starts on `target`. Fails as read_manifest(), and with `foreign_file` (the target is not
/// empty), `storage_full`. Blocks.
[[nodiscard]] Result<Manifest> restore_backup(FileSystem& files, const FileSystem::Path& backup,
                                              const FileSystem::Path& target);

/// The manifest of the backup from which the directory was restored; empty if it was not, or the
/// file cannot be read. Blocks.
[[nodiscard]] std::optional<Manifest> restored_from(const DataDirectory& directory);

}  // namespace millrace::journal
