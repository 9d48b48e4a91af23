// Reads one segment from its beginning, loading no more of it than was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {

/// One segment file, held in memory as far as it was read. Not thread-safe.
class SegmentReader {
 public:
  /// `buffer` is used for the contents, and so by one reader at a time; it must outlive the reader.
  static Result<SegmentReader> open(const DataDirectory& directory, SegmentNumber number,
                                    AlignedBuffer& buffer);

  [[nodiscard]] SegmentNumber number() const { return number_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] const FileSystem::Path& path() const { return path_; }

  /// The segment's own header; nothing if it has none: never opened, or damaged.
  /// `unsupported_version` if a later program wrote it, `corrupt` if the file was cut short.
  Result<std::optional<SegmentHeader>> header();

  /// The frame at `offset` if an intact one of this segment is there.
  Result<std::optional<FrameHeader>> frame_at(std::uint64_t offset);

  /// Body of a frame that frame_at() just returned; lives until the next call.
  [[nodiscard]] std::string_view body(const FrameHeader& frame) const;

 private:
  SegmentReader(std::unique_ptr<File> file, FileSystem::Path path, SegmentNumber number,
                std::uint64_t bytes, AlignedBuffer& buffer);

  /// Loads up to `end`, which is at most bytes().
  Result<void> load(std::uint64_t end);

  std::unique_ptr<File> file_;
  FileSystem::Path path_;
  SegmentNumber number_;
  std::uint64_t bytes_;
  std::uint64_t loaded_ = 0;
  AlignedBuffer* buffer_;
};

/// Where the frame after `frame` begins.
[[nodiscard]] std::uint64_t next_offset(const FrameHeader& frame);

}  // namespace millrace::journal
