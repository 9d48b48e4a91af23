// A group is a set of records that is written to the log by one write and one sync. This file
// decides which bytes go where: LogTail assigns the place, encode_group() makes the bytes. Both are
// pure: no thread, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "actors/journal/disk/files.hpp"
#include "actors/journal/format/format.hpp"
#include "actors/journal/write/proposal.hpp"

namespace millrace::journal {

/// One write to the log. A group without records is a mark: it only states which lsn is durable.
struct Group {
  std::vector<Committed> records;   ///< in log order
  Lsn first_lsn = 0;                ///< of the first record; of a mark: of the next record
  Lsn durable = 0;                  ///< highest durable lsn when the group was formed
  SegmentNumber segment = 0;        ///< segment that holds the group
  std::uint64_t segment_bytes = 0;  ///< length of that segment
  std::uint64_t offset = 0;         ///< of the first frame; a multiple of block_bytes
  bool opens_segment = false;       ///< the segment's header block is written with this group
  std::shared_ptr<File> file;       ///< of the segment
  std::chrono::steady_clock::time_point appended_at;  ///< not after its first append
  bool is_written = false;  ///< durable on disk, possibly not confirmed yet

  /// Lsn of the last record; of a mark: of the record before it.
  [[nodiscard]] Lsn last_lsn() const { return first_lsn + records.size() - 1; }
};

/// Bytes of the frame of a record whose body has `length` bytes, padding included.
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::size_t length) {
  return align_up(frame_header_bytes + length, frame_align);
}

/// A segment file of full length to which nothing of this use was written yet.
struct ReadySegment {
  SegmentNumber number = 0;
  std::uint64_t bytes = 0;  ///< length of the file
  std::shared_ptr<File> file;
};

/// The end of the log: the next lsn, and the next free block of the current segment.
/// Invariant: offset_ is a multiple of block_bytes, and offset_ <= segment_.bytes.
class LogTail {
 public:
  /// The log ends with record `last_lsn`. No segment is open, so room() is 0.
  explicit LogTail(Lsn last_lsn) : next_lsn_(last_lsn + 1) {}

  [[nodiscard]] Lsn next_lsn() const { return next_lsn_; }
  [[nodiscard]] SegmentNumber segment() const { return segment_.number; }  ///< 0: none is open

  /// Bytes of frames that fit into the rest of the current segment.
  [[nodiscard]] std::uint64_t room() const { return segment_.bytes - offset_; }

  /// Makes `segment` the current one. The rest of the segment before stays unused.
  void open(ReadySegment segment);

  /// Gives `group` its place and its records their lsns, and advances the end of the log. `bytes`
  /// is the sum of frame_bytes() of the records, of a mark frame_bytes(0).
  /// REQUIRES: bytes <= room().
  void place(Group& group, std::uint64_t bytes);

 private:
  Lsn next_lsn_;
  ReadySegment segment_;
  std::uint64_t offset_ = 0;   ///< where the next group begins
  bool needs_header_ = false;  ///< the segment's header block is not part of any group yet
};

/// A placed group as bytes.
struct EncodedGroup {
  std::uint64_t offset = 0;  ///< in the segment; a multiple of block_bytes
  std::string_view bytes;    ///< whole blocks; valid as long as the buffer is unchanged
};

/// Encodes `group` into `buffer`, sets Committed::place of its records and empties their bodies.
/// REQUIRES: LogTail::place() has placed the group.
EncodedGroup encode_group(Group& group, AlignedBuffer& buffer);

}  // namespace millrace::journal
