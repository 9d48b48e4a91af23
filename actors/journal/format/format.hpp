// Bytes of segments and frames. FROZEN as format 1 (docs/formats/journal.md): change the version,
// never the meaning. All numbers are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// Alignment of groups, and of all that O_DIRECT moves.
inline constexpr std::size_t block_bytes = 4096;
/// Alignment of frames inside a group.
inline constexpr std::size_t frame_align = 8;
inline constexpr std::size_t frame_header_bytes = 40;
inline constexpr std::size_t segment_header_bytes = 40;
inline constexpr std::uint32_t segment_version = 1;

/// The last frame of its group: the next one is at the next block.
inline constexpr std::uint32_t flag_group_end = 1;
/// Not a record: only says up to where the log is durable. Its lsn is the one that comes next.
inline constexpr std::uint32_t flag_mark = 2;

/// The fields before a frame's body.
struct FrameHeader {
  std::uint32_t length = 0;  ///< bytes of the body
  Lsn lsn = 0;
  Lsn durable = 0;  ///< highest lsn that was durable when this frame was written
  SegmentNumber segment = 0;
  std::uint32_t offset = 0;  ///< of the frame in its segment
  std::uint32_t shard = 0;
  std::uint32_t flags = 0;
};

/// The first block of a segment.
struct SegmentHeader {
  std::uint32_t version = segment_version;
  SegmentNumber segment = 0;
  Lsn first_lsn = 0;
  std::uint64_t segment_bytes = 0;
};

[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}
[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
  return value / alignment * alignment;
}

/// CRC-32C (Castagnoli) of `bytes`, of at most 2 GiB.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

/// Writes header and body to `at`, which has room for both, and the padding to `frame_align`.
/// Returns the bytes written.
std::size_t encode_frame(char* at, const FrameHeader& header, std::string_view body);

/// Reads the fields at `at` (frame_header_bytes of them) without checking anything.
[[nodiscard]] FrameHeader decode_frame_header(const char* at);

/// Whether the checksum of the frame at `at`, all of whose bytes are there, holds.
[[nodiscard]] bool frame_intact(const char* at, const FrameHeader& header);

/// Writes the header block: block_bytes, zeroed beyond the fields.
void encode_segment_header(char* at, const SegmentHeader& header);

/// The header in `bytes`, or nothing if they are too few or are not a segment header.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

}  // namespace millrace::journal
