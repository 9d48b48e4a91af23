// FileSystem and File: the operations on files that must be durable. Production code uses
// posix_file_system(); tests substitute a disk that loses, tears, reorders and refuses.
//
// Every operation blocks. Failures are `storage_full` (the disk or a quota has no room),
// `not_found` (no such file or directory), otherwise `storage_failed`. The message names path and
// reason, and the offset where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace millrace::files {

/// Direct file access has this alignment.
inline constexpr std::size_t direct_alignment = 4096;

/// An open file, closed when destroyed. Any thread may call any function concurrently.
/// REQUIRES: for a file opened with Access::direct, every offset, length and address is a multiple
/// of direct_alignment. The bytes must not change during a call.
class File {
 public:
  virtual ~File() = default;

  /// Fills `into` with the bytes from `offset` on. Returns their number: less than the size of
  /// `into` only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;

  /// Writes all of `bytes`. They are durable only after a sync() that began after this returned.
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;

  /// Writes all of `bytes` and returns when they are durable. Concurrent calls need not wait for
  /// each other. REQUIRES: the bytes lie within the present length of the file.
  virtual Result<void> write_durable(std::uint64_t offset, std::string_view bytes) = 0;

  /// Makes all writes that have returned durable, and the metadata needed to read them. After a
  /// failure it is unknown which writes are durable, also if a second call succeeds.
  virtual Result<void> sync() = 0;

  /// Makes the file `bytes` long, allocated and filled with zeros, durably.
  virtual Result<void> zero_fill(std::uint64_t bytes) = 0;

  /// Length in bytes.
  virtual Result<std::uint64_t> size() = 0;

  /// What the file itself has and no copy of it: a text without spaces, equal for the life of the file,
  /// also after renames. Empty: the file system has nothing of the kind.
  virtual Result<std::string> identity() { return std::string(); }
};

/// A lock on a file, released when destroyed, or by the kernel when the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  read,    ///< existing file, for reading
  write,   ///< existing file, for reading and writing
  create,  ///< new or emptied file, for reading and writing
};

enum class Access {
  direct,  ///< bypasses the page cache (O_DIRECT); buffered if the file system does not support it
  buffered,  ///< through the page cache
};

enum class LockMode {
  shared,     ///< for readers; the lock file must exist
  exclusive,  ///< for the writer; creates the lock file and writes the process id into it
};

/// A file system. Any thread may call any function concurrently.
class FileSystem {
 public:
  using Path = std::filesystem::path;

  virtual ~FileSystem() = default;

  /// A symbolic link, and anything else but a regular file, is refused with `storage_failed`. A new
  /// file can be read by its owner and group and written by its owner, whatever the umask.
  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Access access) = 0;

  /// Names of the entries of `directory`, without their path, in any order.
  virtual Result<std::vector<std::string>> list(const Path& directory) = 0;

  // Changes of a directory by open(create), rename, remove and make_dir are durable only after a
  // sync_dir() of the directory that began after they returned.

  /// Renames `from` to `to` in one step, replacing an existing file.
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;

  /// Gives a file a second name, `to`, which must not be there. Fails with `invalid_argument` if the file
  /// system cannot.
  virtual Result<void> link(const Path& from, const Path& /*to*/) {
    return Error{ErrorCode::invalid_argument, from.string() + ": files have one name here"};
  }

  /// Creates `directory` and its parents. Succeeds if it exists. A new `directory` can be listed by
  /// its owner and group and changed by its owner, whatever the umask, which applies to parents.
  virtual Result<void> make_dir(const Path& directory) = 0;
  virtual Result<void> sync_dir(const Path& directory) = 0;

  /// Whether there is a symbolic link at `path` itself.
  virtual bool is_link(const Path& /*path*/) { return false; }

  /// As open(), a lock file must be a regular file. Does not wait for the lock: fails with `storage_locked` if another process or another
  /// FileLock holds it in a conflicting mode. The message names the writer's process id if known.
  virtual Result<std::unique_ptr<FileLock>> lock(const Path& path, LockMode mode) = 0;

  /// Bytes that this process may still allocate in the file system of `directory`.
  virtual Result<std::uint64_t> free_bytes(const Path& directory) = 0;
};

/// The file system of the host. Stateless; lives as long as the process.
[[nodiscard]] FileSystem& posix_file_system();

}  // namespace millrace::files
