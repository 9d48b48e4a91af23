// CopyFiles: copies of the state store as files of the log's engine, for a log that does not lie on this
// machine. Then the directory of the state store is a cache: a node that finds it empty gets what it needs.
//
//   checkpoint   Table::save ──▶ put(): the files that are not there yet ──▶ the checkpoint ──▶ keep()
//   start        the checkpoint ──▶ fetch(): the files that no local copy has ──▶ Table::open
//
// Tables of RocksDB are immutable and never change their name, so a checkpoint puts what was flushed or
// merged since the one before, and the small files that list the tables.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "actors/log/file_store.hpp"
#include "actors/state_store/state_store.hpp"
#include "messages/result.hpp"

namespace millrace::states {

/// A file of a copy, as a checkpoint names it.
struct CopyFile {
  std::string name{};
  logs::FileNumber number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;  ///< see hash_of_pieces()

  friend bool operator==(const CopyFile&, const CopyFile&) = default;
};

/// Whether `name` can be that of a file in a copy: a checkpoint must not make fetch() write elsewhere.
[[nodiscard]] bool is_copy_file_name(std::string_view name);

/// For one thread at a time, but for put_bytes().
class CopyFiles {
 public:
  /// `directory`: that of the state store.
  explicit CopyFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Where files are put and got from now on. REQUIRES: it remains live until the next call.
  void use(logs::FileStore& files) { files_ = &files; }

  /// Makes the local directory of `copy` complete. It is used as it is if it has all `files`, unless
  /// `anew`, because it proved to be damaged. Fails as FileStore, and with `corrupt` (a file is missing or
  /// another one than the checkpoint names). REQUIRES: use() was called; the state store is not open.
  [[nodiscard]] Result<void> fetch(std::uint64_t copy, const std::vector<CopyFile>& files,
                                   bool anew);

  /// Puts the files of the copy that are not stored yet, and returns all. Fails as FileStore and with
  /// `storage_failed` (a local file cannot be read). REQUIRES: the state store has made the copy, and
  /// began as the copy of the last fetch(), if there was one, or empty.
  [[nodiscard]] Result<std::vector<CopyFile>> put(std::uint64_t copy);

  /// The checkpoint that names `files` is durable.
  [[nodiscard]] Result<void> keep(const std::vector<CopyFile>& files);

  /// Bytes that were put since the start.
  [[nodiscard]] std::uint64_t put_bytes() const { return put_bytes_; }

 private:
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t copy) const;
  [[nodiscard]] bool has_all(const std::filesystem::path& path,
                             const std::vector<CopyFile>& files) const;
  [[nodiscard]] Result<void> fetch_file(const CopyFile& file, const std::filesystem::path& to,
                                        bool looks_here);
  [[nodiscard]] bool link_local(const CopyFile& file, const std::filesystem::path& to) const;
  [[nodiscard]] Result<CopyFile> put_file(const std::filesystem::path& path);

  const std::filesystem::path directory_;
  logs::FileStore* files_ = nullptr;
  std::map<std::string, CopyFile> stored_;  ///< immutable files of the live store, by name
  std::atomic<std::uint64_t> put_bytes_ = 0;
};

}  // namespace millrace::states
