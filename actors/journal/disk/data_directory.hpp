// A data directory: its layout, its version, and the lock that keeps a second process out.
//
//   format                    "millrace data directory, format 1"
//   lock                      locked while in use; the process id of the writer
//   incarnation               how often the node was started; of the cluster, not of the log
//   checkpoint-<number>       the newest two
//   segments/<number>.seg     the log
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/journal/disk/file_system.hpp"
#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

inline constexpr std::uint32_t directory_format = 1;

/// Who opens a data directory.
enum class Opener {
  writer,  ///< a node: makes what is missing, holds the lock alone
  reader,  ///< an offline tool: changes nothing, shares the lock with other readers
};

/// An opened and locked data directory. Movable; unlocks when destroyed.
class DataDirectory {
 public:
  using Path = FileSystem::Path;

  /// A file that is let be here: the node writes it before it opens the directory.
  static constexpr std::string_view incarnation_name = "incarnation";

  /// Fails with `not_found` (reader only), `storage_locked`, `foreign_file` (the directory holds
  /// something else; nothing was touched), `unsupported_version`, `storage_failed`,
  /// `storage_full`. `files` must outlive the result.
  static Result<DataDirectory> open(FileSystem& files, Path path, Opener opener);

  [[nodiscard]] FileSystem& files() const { return *files_; }
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] Path segments_path() const { return path_ / "segments"; }
  [[nodiscard]] Path segment_path(SegmentNumber number) const;
  [[nodiscard]] Path checkpoint_path(std::uint64_t number) const;

 private:
  DataDirectory(FileSystem& files, Path path) : files_(&files), path_(std::move(path)) {}

  Result<void> prepare();
  Result<void> remove_unfinished() const;

  FileSystem* files_;
  Path path_;
  std::unique_ptr<FileLock> lock_;
};

/// Ending of files that are being made. A crash leaves them behind; they mean nothing.
inline constexpr std::string_view unfinished_suffix = ".tmp";

/// The number in "0000000012.seg", or nothing.
[[nodiscard]] std::optional<SegmentNumber> parse_segment_name(std::string_view name);

/// The number in "checkpoint-0000000012", or nothing.
[[nodiscard]] std::optional<std::uint64_t> parse_checkpoint_name(std::string_view name);

}  // namespace millrace::journal
