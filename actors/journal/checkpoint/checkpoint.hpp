// Checkpoints: what the runtime needs to start without the log before a given record, as a stream
// of opaque entries. Written beside the log and put in place by a rename; the newest two are kept.
// Layout on disk: docs/formats/journal.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

/// Kind of an entry, chosen and understood by the runtime.
using Section = std::uint32_t;

/// Bytes of one checkpoint entry, at most. Write more as several entries.
inline constexpr std::size_t checkpoint_entry_bytes_max = 256U << 20;

/// Takes the entries of a checkpoint that is being written. Not thread-safe.
class CheckpointWriter {
 public:
  CheckpointWriter(std::unique_ptr<File> file, std::uint64_t number);

  /// Adds an entry; read back in this order. Fails with `too_large`, or as writing does; after a
  /// failure nothing more may be added.
  Result<void> add(Section section, std::string_view bytes);

  [[nodiscard]] std::uint64_t entries() const { return entries_; }

  /// Bytes written so far, as stored.
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }

  /// Used by write_checkpoint(): the first block, and the end with everything made durable.
  Result<void> begin(const LogStart& start);
  Result<void> finish();

 private:
  Result<void> flush(bool last);

  std::unique_ptr<File> file_;
  std::uint64_t number_;
  std::uint64_t offset_ = 0;
  std::uint64_t entries_ = 0;
  std::uint32_t index_ = 0;  ///< of the chunk being filled
  AlignedBuffer chunk_;
  std::size_t filled_ = 0;
};

/// What is known of a checkpoint before its entries are read.
struct CheckpointInfo {
  std::uint64_t number = 0;
  LogStart start;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< size of its file
};

using CheckpointFill = std::function<Result<void>(CheckpointWriter&)>;
using EntryVisitor = std::function<Result<void>(Section, std::string_view)>;

/// Writes checkpoint `number`, which no file has, with the entries that `fill` adds, then removes
/// all but the newest two. On any failure, of `fill` or of the disk, the older ones stay and count.
/// Where the disk is full, the older of two is given up and the writing tried once more, so `fill`
/// may run twice. Blocks until durable.
Result<CheckpointInfo> write_checkpoint(const DataDirectory& directory, std::uint64_t number,
                                        const LogStart& start, const CheckpointFill& fill);

/// What find_checkpoints() found.
struct Checkpoints {
  std::optional<CheckpointInfo> newest;  ///< newest one that is intact
  std::vector<Error> damaged;            ///< newer ones that are not
  std::uint64_t last_number = 0;         ///< highest number of any checkpoint file
};

/// Reads checkpoints from the newest on until one is intact. Fails with `unsupported_version` if a
/// later program wrote it, `storage_failed` if reading fails.
Result<Checkpoints> find_checkpoints(const DataDirectory& directory);

/// Visits the entries of an intact checkpoint in the order in which they were added. `bytes` lives
/// for the call only. An error of `visit` ends the reading and is returned.
Result<void> read_checkpoint(const DataDirectory& directory, std::uint64_t number,
                             const EntryVisitor& visit);

}  // namespace millrace::journal
