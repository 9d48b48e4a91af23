// FaultyFileSystem: a file system in memory with the failures of a real disk. A crash loses, tears
// and reorders writes that were not synced; tests refuse operations, fill the disk and flip bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "actors/journal/disk/files.hpp"

namespace millrace::journal {

/// A file operation that is about to run.
struct Operation {
  enum class Kind { write, sync, zero_fill, rename, remove, sync_dir };
  Kind kind = Kind::write;
  FileSystem::Path path;
  std::uint64_t offset = 0;
};

/// Any thread may call any function concurrently. After crash() or kill(), every open file fails,
/// because its process no longer exists.
class FaultyFileSystem final : public FileSystem {
 public:
  /// Called before each operation, without a lock held, so it may block or call crash(). If it
  /// returns an error, the operation does not run and returns that error. A durable write calls it
  /// twice: as write, and as sync when the bytes are in the cache.
  using Fault = std::function<std::optional<Error>(const Operation&)>;

  /// A power loss. Of each write that was not synced, `random` chooses the sectors that reach the
  /// disk; of the directory changes that were not synced, how many of the oldest ones do.
  void crash(std::mt19937_64& random);

  /// A kill of the process: nothing is lost, and nothing is synced.
  void kill();

  void set_fault(Fault fault);
  /// From now on syncs succeed without effect: to prove that a test detects it.
  void lie_about_syncs() { is_lying_ = true; }
  /// Limits the sum of the lengths of all files.
  void set_capacity(std::uint64_t bytes);

  // Access to the bytes of a file without faults. contents() of a missing file is empty.
  [[nodiscard]] std::string contents(const Path& path) const;
  void set_contents(const Path& path, std::string bytes);
  void flip(const Path& path, std::uint64_t offset, unsigned char mask);
  [[nodiscard]] std::uint64_t used_bytes() const;

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Access access) override;
  Result<std::vector<std::string>> list(const Path& directory) override;
  Result<void> rename(const Path& from, const Path& to) override;
  Result<void> remove(const Path& path) override;
  Result<void> make_dir(const Path& directory) override;
  Result<void> sync_dir(const Path& directory) override;
  Result<std::unique_ptr<FileLock>> lock(const Path& path, LockMode mode) override;
  Result<std::uint64_t> free_bytes(const Path& directory) override;

 private:
  friend class FaultyFile;
  friend class FaultyLock;

  /// A write that is not synced.
  struct PendingWrite {
    std::uint64_t id = 0;  ///< grows with each write
    std::uint64_t offset = 0;
    std::string bytes;
  };
  struct Inode {
    std::string data;                   ///< contents that programs read
    std::string durable;                ///< contents after a power loss
    std::vector<PendingWrite> pending;  ///< oldest first
    /// For each durable sector the id of its write: an older write never replaces it.
    std::map<std::uint64_t, std::uint64_t> sector_writes;
  };
  using Names = std::map<Path, std::shared_ptr<Inode>>;
  struct NameChange {
    std::optional<Path> removed;
    std::optional<Path> added;
    std::shared_ptr<Inode> inode;
  };
  struct LockState {
    int shared = 0;  ///< number of readers
    bool exclusive = false;
  };

  /// Calls the fault, if one is set.
  std::optional<Error> ask(const Operation& operation);
  void change(NameChange change);
  /// Makes the sector at offset `at` of `write` durable.
  static void persist_sector(Inode& inode, const PendingWrite& write, std::uint64_t at);
  static void apply(Names& names, const NameChange& change);
  [[nodiscard]] std::uint64_t used_locked() const;

  mutable std::mutex mutex_;
  Fault fault_;
  std::uint64_t capacity_ = std::uint64_t{1} << 40;
  std::uint64_t generation_ = 0;  ///< number of crashes and kills; a file of an older one is dead
  bool is_lying_ = false;         ///< not guarded: set before other threads use the disk
  std::uint64_t next_pending_ = 1;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  ///< not synced, oldest first
  std::set<Path> directories_;
  std::map<Path, LockState> locks_;
};

}  // namespace millrace::journal
