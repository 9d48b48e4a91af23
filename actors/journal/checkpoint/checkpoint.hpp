// Checkpoints: the state that a start needs instead of the log before a given record, as a sequence
// of opaque entries. A checkpoint is one file beside the log; the newest two are kept.
// Layout on disk: docs/formats/journal.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/disk/files.hpp"
#include "actors/journal/read/log_scan.hpp"
#include "actors/log/checkpoint.hpp"

namespace millrace::journal {

using logs::checkpoint_entry_bytes_max;
using logs::CheckpointFill;
using logs::CheckpointWriter;
using logs::EntryVisitor;
using logs::Section;

/// Writes the entries of one checkpoint file.
class CheckpointFileWriter final : public CheckpointWriter {
 public:
  /// Writes to `file`, which is new and open for direct access.
  CheckpointFileWriter(std::unique_ptr<File> file, std::uint64_t number);

  /// Fails with `too_large`, `storage_full`, `storage_failed`.
  Result<void> add(Section section, std::string_view bytes) override;

  [[nodiscard]] std::uint64_t entries() const { return entries_; }  ///< entries added so far

  /// Length of the file so far: header block and complete chunks.
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }

  /// For write_checkpoint() only. begin() writes the header block, before any add(). finish()
  /// writes the last chunk and syncs the file, after every add(). Each is called once.
  Result<void> begin(const LogStart& start);
  Result<void> finish();

 private:
  Result<void> flush(bool last);

  std::unique_ptr<File> file_;
  std::uint64_t number_;       ///< of the checkpoint
  std::uint64_t offset_ = 0;   ///< in the file, where the chunk being filled will be written
  std::uint64_t entries_ = 0;  ///< complete entries, in written chunks and in `chunk_`
  std::uint32_t index_ = 0;    ///< of the chunk being filled, from 0
  AlignedBuffer chunk_;        ///< the chunk being filled; chunk_bytes_max bytes
  std::size_t filled_ = 0;     ///< bytes used in `chunk_`, at least chunk_header_bytes
};

/// Properties of a checkpoint that are known without its entries.
struct CheckpointFileInfo {
  std::uint64_t number = 0;   ///< in the name of its file; grows with each attempt to write one
  LogStart start;             ///< where replay begins, and how far the log was durable
  std::uint64_t entries = 0;  ///< number of entries
  std::uint64_t bytes = 0;    ///< length of the file
};

/// Writes checkpoint `number` with the entries that `fill` adds, gives it its final name when it is
/// durable, and then removes all but the newest two. If the disk is full, removes the older of two
/// checkpoints and tries once more, so `fill` may be called twice. After a failure of `fill` or of
/// the disk the checkpoints before stay valid; an exception of `fill` leaves an unfinished file,
/// which the next start removes. Fails with `storage_full`, `storage_failed`, or the
/// error of `fill`. Blocks.
/// REQUIRES: no checkpoint file has `number` or a higher one; one call at a time per directory.
Result<CheckpointFileInfo> write_checkpoint(const DataDirectory& directory, std::uint64_t number,
                                            const LogStart& start, const CheckpointFill& fill);

/// Result of find_checkpoints().
struct Checkpoints {
  std::optional<CheckpointFileInfo> newest;  ///< the newest intact checkpoint
  std::vector<Error> damaged;     ///< one error for each newer, damaged one; newest first
  std::uint64_t last_number = 0;  ///< highest number of any checkpoint file; 0: no file
};

/// Reads whole checkpoints, from the newest on, until one is intact. Fails with
/// `unsupported_version` (a later program wrote the checkpoint), `storage_failed`. Blocks.
Result<Checkpoints> find_checkpoints(const DataDirectory& directory);

/// Visits the entries of checkpoint `number` in the order in which they were added. Checks them
/// again on the way, so it can fail with `corrupt` after `visit` has received entries. Also fails
/// with `storage_failed`, or the error of `visit`. Blocks.
/// REQUIRES: find_checkpoints() has returned this checkpoint as intact.
Result<void> read_checkpoint(const DataDirectory& directory, std::uint64_t number,
                             const EntryVisitor& visit);

}  // namespace millrace::journal
