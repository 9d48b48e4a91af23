// DataDirectory: the layout of a data directory, its format number, and the lock that keeps a
// second writer out.
//
//   format                    text: "millrace data directory, format 1"; the durable point
//   lock                      locked while in use; contains the process id of the writer
//   incarnation               number of the node's latest start; written by the cluster, not here
//   restored                  the manifest of the backup from which the directory was restored
//   moved                     text: where the log has moved to; no writer opens the directory then
//   checkpoint-<number>       the newest two checkpoints
//   segments/<number>.seg     the log
//   state/                    keyed states that checkpoints name; not written here
//
// <number> is decimal, zero-padded to ten digits. A name that ends in ".tmp" is an unfinished file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/journal/disk/files.hpp"
#include "actors/journal/format/frame.hpp"
#include "actors/log/opener.hpp"

namespace millrace::journal {

inline constexpr std::uint32_t directory_format = 1;

/// A writer creates what is missing, and holds the lock exclusively. A reader changes nothing, and
/// shares the lock with other readers.
using logs::Opener;

/// An open, locked data directory. Movable; unlocks when destroyed. The const functions may be
/// called from any thread.
class DataDirectory {
 public:
  using Path = FileSystem::Path;

  /// Name of a file that says that the directory was restored: the manifest of the backup.
  static constexpr std::string_view restored_name = "restored";
  /// Name of a file that says that the log has moved: see actors/journal/moved_mark.hpp.
  static constexpr std::string_view moved_name = "moved";

  /// Opens and locks the directory at `path`. A writer also removes unfinished files, and makes the
  /// directory's entries durable. Blocks, but never waits for the lock. Fails with `not_found`
  /// (reader only: no data directory), `storage_locked`, `foreign_file` (there are files of another
  /// kind; nothing was changed), `unsupported_version`, `corrupt` (the format file is damaged),
  /// `storage_full`, `storage_failed`. REQUIRES: `files` outlives the result.
  static Result<DataDirectory> open(FileSystem& files, Path path, Opener opener);

  /// Makes and locks a directory for a log that is written from outside, such as a copy. `path` must
  /// be new or empty, but for what every attempt leaves: lock, incarnation, segments/. No process opens it before
  /// complete(). Fails with `foreign_file` (it is not empty), `storage_locked`, `storage_full`,
  /// `storage_failed`. Blocks. REQUIRES: as open().
  static Result<DataDirectory> make_unfinished(FileSystem& files, Path path);

  /// Makes durable the names in a directory of make_unfinished(), and `format`, which is the contents
  /// of the file of this name, but for its final name. Fails with `storage_full`, `storage_failed`.
  /// Blocks.
  Result<void> prepare(const std::string& format) const;
  /// After prepare(): the directory is a data directory from now on. Durable on return. Fails with
  /// `storage_failed`. Blocks.
  Result<void> complete() const;

  [[nodiscard]] FileSystem& files() const { return *files_; }
  [[nodiscard]] const Path& path() const { return path_; }
  /// The file that begins with the format number; the durable point follows.
  [[nodiscard]] Path format_path() const { return path_ / "format"; }
  [[nodiscard]] Path segments_path() const { return path_ / "segments"; }
  [[nodiscard]] Path segment_path(SegmentNumber number) const;
  [[nodiscard]] Path checkpoint_path(std::uint64_t number) const;

 private:
  DataDirectory(FileSystem& files, Path path) : files_(&files), path_(std::move(path)) {}

  Result<void> create();
  Result<void> remove_unfinished() const;

  FileSystem* files_;
  Path path_;
  std::unique_ptr<FileLock> lock_;
};

/// The first line of the file `format`.
[[nodiscard]] std::string format_line();

/// The number in a name such as "0000000012.seg"; empty if `name` is not a segment's.
[[nodiscard]] std::optional<SegmentNumber> parse_segment_name(std::string_view name);

/// The number in a name such as "checkpoint-0000000012"; empty if `name` is not a checkpoint's.
[[nodiscard]] std::optional<std::uint64_t> parse_checkpoint_name(std::string_view name);

}  // namespace millrace::journal
