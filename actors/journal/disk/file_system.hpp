// The seam to the file system: everything the journal asks of it, so that tests can lose, tear,
// reorder, flip and refuse.
//
// Failures are `storage_full` where the disk or a quota has no room, `storage_failed` otherwise;
// their messages name the file, the offset and the reason.
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

namespace millrace::journal {

/// An open file. All calls may come from several threads at once. For a file opened `direct`,
/// offsets, lengths and addresses are multiples of 4 KiB.
class File {
 public:
  virtual ~File() = default;

  /// Fills `into` from `offset`; fewer bytes come back only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;

  /// Writes all of `bytes`. Durable only after a sync that began after this returned.
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;

  /// Writes all of `bytes` and returns when they are durable, in a file whose size stays the same.
  virtual Result<void> write_durable(std::uint64_t offset, std::string_view bytes) = 0;

  /// Makes all finished writes durable, with what is needed to read them back.
  virtual Result<void> sync() = 0;

  /// Makes the file `bytes` long, allocated and filled with zeros, durably.
  virtual Result<void> zero_fill(std::uint64_t bytes) = 0;

  virtual Result<std::uint64_t> size() = 0;
};

/// Holds a lock on a file until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  read,    ///< must exist
  write,   ///< must exist, opened for reading and writing
  create,  ///< made, or emptied if it exists; opened for reading and writing
};

/// Whether O_DIRECT is asked for. A file system that refuses it gets buffered access.
enum class Access { direct, buffered };

enum class LockMode {
  shared,     ///< for readers; the file must exist
  exclusive,  ///< for the one writer; the file is made, and says the holder's process id
};

class FileSystem {
 public:
  using Path = std::filesystem::path;

  virtual ~FileSystem() = default;

  /// `not_found` if the file must exist and does not.
  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Access access) = 0;

  /// Names of the entries of `directory`, in no order. `not_found` if it does not exist.
  virtual Result<std::vector<std::string>> list(const Path& directory) = 0;

  /// Replaces `to`. Durable after sync_dir, as are open(create), remove and make_dir.
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;

  /// Makes `directory` with its parents; it may exist.
  virtual Result<void> make_dir(const Path& directory) = 0;
  virtual Result<void> sync_dir(const Path& directory) = 0;

  /// Never waits: `storage_locked` if somebody else holds the lock, saying who where known.
  virtual Result<std::unique_ptr<FileLock>> lock(const Path& path, LockMode mode) = 0;

  /// Bytes that this process may still allocate below `directory`.
  virtual Result<std::uint64_t> free_bytes(const Path& directory) = 0;
};

/// The real one. Stateless; lives as long as the process.
[[nodiscard]] FileSystem& posix_file_system();

}  // namespace millrace::journal
