// Lsn, SegmentNumber, Place and Frame: how users of the journal identify and receive records.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::journal {

/// Log sequence number of a record: dense, from 1, over all shards. 0 means "none".
using Lsn = std::uint64_t;

/// Number of a segment: from 1, growing in the order in which segments are opened, never reused.
/// 0 means "none".
using SegmentNumber = std::uint32_t;

/// Where a frame begins: segment number in the high 32 bits, byte offset in the low 32. Places
/// compare as the frames lie in the log. Place{} is no frame.
enum class Place : std::uint64_t {};

[[nodiscard]] constexpr Place make_place(SegmentNumber segment, std::uint32_t offset) {
  return Place{(std::uint64_t{segment} << 32) | offset};
}
[[nodiscard]] constexpr SegmentNumber segment_of(Place place) {
  return static_cast<SegmentNumber>(static_cast<std::uint64_t>(place) >> 32);
}
[[nodiscard]] constexpr std::uint32_t offset_of(Place place) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(place));
}

/// A record as recovery and cold reads return it.
struct Frame {
  Lsn lsn = 0;
  Place place{};
  std::uint32_t shard = 0;  ///< Proposal::shard of the record
  std::string_view body;    ///< valid only during the call that received the frame
};

}  // namespace millrace::journal
