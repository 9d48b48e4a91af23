// The incarnation of a node: a number that grows with each start, also if the clock was set back. The
// file that keeps it also tells whether the data directory is a copy:
//
//   incarnation = number of the latest start, "\n", mark, "\n"
//   mark        = what only this file has (files::File::identity()), or "copy"
//
// Each start makes the file anew. In a directory that was copied or restored it is another file than
// its mark says, or there is none. A disk that was put back as a whole, such as a snapshot of a virtual
// machine, is not recognised.
#pragma once

#include <cstdint>
#include <filesystem>

#include "actors/base/time.hpp"
#include "actors/files/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

struct Incarnation {
  std::uint64_t number = 0;
  /// The data directory is not the one in which the node ran last. Stays so for later starts until
  /// confirm_directory(). A directory without a mark, of an older version, is taken for no copy.
  bool is_copy = false;
};

/// Returns an incarnation higher than all earlier ones in `data_dir`, and not below `now_us`;
/// it is durable on return. Creates `data_dir` if missing. Needs no room on the disk if there was an
/// earlier one. Fails with `corrupt`, `storage_failed`, or `storage_full` (first start only). Blocks
/// on the disk.
[[nodiscard]] Result<Incarnation> next_incarnation(
    const std::filesystem::path& data_dir, TimeUs now_us,
    files::FileSystem& files = files::posix_file_system());

/// The incarnation of the latest start; 0: there was none. As next_incarnation(), but changes nothing.
/// Fails with `corrupt`, `storage_failed`. Blocks on the disk.
[[nodiscard]] Result<Incarnation> latest_incarnation(
    const std::filesystem::path& data_dir, files::FileSystem& files = files::posix_file_system());

/// From now on the directory is no copy: no other node remembers more, or an operator has accepted the
/// loss. Durable on return. Fails with `storage_full`, `storage_failed`: then the next start takes it
/// for a copy again. Blocks on the disk.
[[nodiscard]] Result<void> confirm_directory(const std::filesystem::path& data_dir,
                                             std::uint64_t incarnation,
                                             files::FileSystem& files = files::posix_file_system());

}  // namespace millrace::cluster
