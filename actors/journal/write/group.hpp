// Records that are written and synced together, and the end of the log to which they go. No
// threads, no I/O: which bytes go where.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/disk/file_system.hpp"
#include "actors/journal/format/format.hpp"
#include "actors/journal/write/proposal.hpp"

namespace millrace::journal {

/// One write to the log. Without records it is a mark: it only says what is durable.
struct Group {
  std::vector<Committed> records;
  Lsn first_lsn = 0;  ///< of the first record; of a mark, the one that comes next
  Lsn durable = 0;    ///< highest durable lsn when the group was formed
  SegmentNumber segment = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t offset = 0;    ///< of the first frame
  bool opens_segment = false;  ///< the segment's header is written with it
  std::shared_ptr<File> file;
  std::chrono::steady_clock::time_point gathered_at;  ///< when its first record was appended
  bool written = false;

  [[nodiscard]] Lsn last_lsn() const { return first_lsn + records.size() - 1; }
};

/// Bytes that a record with a body of `length` bytes takes in a group.
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::size_t length) {
  return align_up(frame_header_bytes + length, frame_align);
}

/// A segment that nothing was written to yet.
struct ReadySegment {
  SegmentNumber number = 0;
  std::uint64_t bytes = 0;
  std::shared_ptr<File> file;
};

/// Where the next group goes.
class LogTail {
 public:
  /// The log ends with `last_lsn`; the first group needs a segment.
  explicit LogTail(Lsn last_lsn) : next_lsn_(last_lsn + 1) {}

  [[nodiscard]] Lsn next_lsn() const { return next_lsn_; }
  [[nodiscard]] SegmentNumber segment() const { return segment_.number; }

  /// Bytes of frames that still go into the segment; 0 while there is none.
  [[nodiscard]] std::uint64_t room() const { return segment_.bytes - offset_; }

  /// Goes on in `segment`; what is left of the one before stays as it is.
  void open(ReadySegment segment);

  /// Assigns lsns and a place to `group`, whose frames take `bytes`, at most room().
  void place(Group& group, std::uint64_t bytes);

 private:
  Lsn next_lsn_;
  ReadySegment segment_;
  std::uint64_t offset_ = 0;
  bool untouched_ = false;  ///< the header is still to be written
};

/// The bytes of a placed group and the offset in its segment to which they belong.
struct EncodedGroup {
  std::uint64_t offset = 0;
  std::string_view bytes;
};

/// Encodes `group` into `buffer`, sets the places of its records and clears their bodies.
EncodedGroup encode_group(Group& group, AlignedBuffer& buffer);

}  // namespace millrace::journal
