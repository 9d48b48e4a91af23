// Bytes of segments and frames. FROZEN as format 1 (docs/formats/journal.md): a change needs a new
// version; the meaning of existing bytes never changes. All numbers are little-endian.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "actors/base/crc32c.hpp"
#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

/// Groups begin at multiples of this, and direct file access has this alignment.
inline constexpr std::size_t block_bytes = 4096;
/// Frames of a group begin at multiples of this.
inline constexpr std::size_t frame_align = 8;
inline constexpr std::size_t frame_header_bytes = 40;
inline constexpr std::size_t segment_header_bytes = 40;
inline constexpr std::uint32_t segment_version = 1;

/// Flag of the last frame of a group: the next frame begins at the next block.
inline constexpr std::uint32_t flag_group_end = 1;
/// Flag of a mark: not a record, states only how far the log is durable. Its lsn is that of the
/// next record, its body is empty.
inline constexpr std::uint32_t flag_mark = 2;

/// The fields of a frame, except for its checksum.
struct FrameHeader {
  std::uint32_t length = 0;   ///< bytes of the body
  Lsn lsn = 0;                ///< of the record; of a mark: of the next record
  Lsn durable = 0;            ///< every record up to this was durable when the frame was formed
  SegmentNumber segment = 0;  ///< segment that the frame was written to
  std::uint32_t offset = 0;   ///< of the frame in its segment, bytes
  std::uint32_t shard = 0;    ///< Proposal::shard; 0 in a mark
  std::uint32_t flags = 0;    ///< flag_group_end, flag_mark
};

/// The fields in the first block of a segment.
struct SegmentHeader {
  std::uint32_t version = segment_version;
  SegmentNumber segment = 0;        ///< its own number; another one: left by an earlier use
  Lsn first_lsn = 0;                ///< lsn of its first frame
  std::uint64_t segment_bytes = 0;  ///< length of the file
};

static_assert(std::endian::native == std::endian::little, "put() and get() copy native bytes");

/// Stores `value` at `at`, which needs no alignment.
template <std::integral T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

/// Loads a number from `at`, which needs no alignment.
template <std::integral T>
[[nodiscard]] T get(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}
[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
  return value / alignment * alignment;
}

/// Writes a frame at `at` with its checksum and zero padding up to `frame_align`. Returns the bytes
/// written. REQUIRES: `header.length` is the size of `body`; room for that many bytes at `at`.
std::size_t encode_frame(char* at, const FrameHeader& header, std::string_view body);

/// Reads frame_header_bytes at `at` and checks nothing.
[[nodiscard]] FrameHeader decode_frame_header(const char* at);

/// Whether the checksum of the frame at `at` is right. REQUIRES: `header` was decoded from `at`,
/// and header and body are in memory there.
[[nodiscard]] bool frame_intact(const char* at, const FrameHeader& header);

/// Writes block_bytes at `at`: the header, then zeros.
void encode_segment_header(char* at, const SegmentHeader& header);

/// The header at the beginning of `bytes`; empty if `bytes` are too few, have no magic or fail the
/// checksum. Does not check version, number or length.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

}  // namespace millrace::journal
