// SegmentReader: reads one segment file from its beginning on, and checks every frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/disk/files.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {

/// A segment file that is loaded into memory step by step, as far as it is asked for. Not
/// thread-safe. Its functions block on reads.
class SegmentReader {
 public:
  /// Opens the file and makes room for all of it in `buffer`. Fails with `corrupt` (the length is
  /// not that of whole blocks), `not_found`, `storage_failed`.
  /// REQUIRES: `buffer` outlives the reader and is used by no other reader in that time.
  static Result<SegmentReader> open(const DataDirectory& directory, SegmentNumber number,
                                    AlignedBuffer& buffer);

  [[nodiscard]] SegmentNumber number() const { return number_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< length of the file
  [[nodiscard]] const FileSystem::Path& path() const { return path_; }

  /// The segment's header. Empty if the first block holds no intact header with this segment's
  /// number: the segment was never opened, or its header is damaged. Fails with
  /// `unsupported_version` (a later program wrote it), `corrupt` (the header states another length
  /// of the file), `storage_failed`.
  Result<std::optional<SegmentHeader>> header();

  /// The header of the frame at `offset`. Empty if no intact frame of this segment begins there.
  /// Fails with `storage_failed`.
  Result<std::optional<FrameHeader>> frame_at(std::uint64_t offset);

  /// Body of a frame that frame_at() returned. Valid until the buffer is used otherwise.
  [[nodiscard]] std::string_view body(const FrameHeader& frame) const;

 private:
  SegmentReader(std::unique_ptr<File> file, FileSystem::Path path, SegmentNumber number,
                std::uint64_t bytes, AlignedBuffer& buffer);

  /// Ensures that the bytes before `end` are in memory. REQUIRES: end <= bytes().
  Result<void> load(std::uint64_t end);

  std::unique_ptr<File> file_;
  FileSystem::Path path_;
  SegmentNumber number_;
  std::uint64_t bytes_;
  std::uint64_t loaded_ = 0;  ///< bytes in `buffer_`; loaded_ <= bytes_
  AlignedBuffer* buffer_;
};

/// Offset at which the frame behind `frame` begins: in the same group, or at the next block.
[[nodiscard]] std::uint64_t next_offset(const FrameHeader& frame);

}  // namespace millrace::journal
