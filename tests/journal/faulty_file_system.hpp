// A file system in memory that behaves as badly as a disk may: a crash loses, tears and reorders
// what was not synced; a test refuses operations, fills the disk, and flips bytes.
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

#include "actors/journal/disk/file_system.hpp"

namespace millrace::journal {

/// One thing that is about to be done to a file or directory.
struct Operation {
  enum class Kind { write, sync, zero_fill, rename, remove, sync_dir };
  Kind kind = Kind::write;
  FileSystem::Path path;
  std::uint64_t offset = 0;
};

/// Thread-safe. Handles from before a crash fail for ever, as those of a dead process.
class FaultyFileSystem final : public FileSystem {
 public:
  /// Asked before each operation, without a lock held, so it may block or crash. An error is
  /// returned to the caller instead. A durable write asks twice: as write, and as sync once the
  /// bytes are on their way.
  using Fault = std::function<std::optional<Error>(const Operation&)>;

  /// Power off and on: of what was not synced, each sector of each write arrives or not; of the
  /// directory changes that were not synced, those up to some point. `random` decides.
  void crash(std::mt19937_64& random);

  /// The process is killed: its handles are dead, but nothing is lost and nothing synced.
  void kill();

  void set_fault(Fault fault);
  /// A disk that says that it has synced, and has not: to prove that a test notices.
  void lie_about_syncs() { is_lying_ = true; }
  /// Bytes that all files together may have.
  void set_capacity(std::uint64_t bytes);

  /// Direct access to what a file holds, past all faults.
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

  struct Pending {
    std::uint64_t id = 0;
    std::uint64_t offset = 0;
    std::string bytes;
  };
  struct Inode {
    std::string data;     ///< as programs see it
    std::string durable;  ///< as it is after a power loss
    std::vector<Pending> pending;
    /// Write that each durable sector is from: an older one that was cached cannot come after it.
    std::map<std::uint64_t, std::uint64_t> sector_writes;
  };
  using Names = std::map<Path, std::shared_ptr<Inode>>;
  struct NameChange {
    std::optional<Path> removed;
    std::optional<Path> added;
    std::shared_ptr<Inode> inode;
  };
  struct Held {
    int shared = 0;
    bool exclusive = false;
  };

  std::optional<Error> ask(const Operation& operation);
  void change(NameChange change);
  /// One sector of a write reaches the disk.
  static void arrive(Inode& inode, const Pending& write, std::uint64_t at);
  static void apply(Names& names, const NameChange& change);
  [[nodiscard]] std::uint64_t used_locked() const;

  mutable std::mutex mutex_;
  Fault fault_;
  std::uint64_t capacity_ = std::uint64_t{1} << 40;
  std::uint64_t generation_ = 0;  ///< crashes so far
  bool is_lying_ = false;         ///< set before it is used
  std::uint64_t next_pending_ = 1;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  ///< not synced, oldest first
  std::set<Path> directories_;
  std::map<Path, Held> locks_;
};

}  // namespace millrace::journal
