// What the log is made of, as its users see it: sequence numbers, places and frames.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::journal {

/// Log sequence number: dense, from 1, over all shards. 0 means "none".
using Lsn = std::uint64_t;

/// Number of a segment: from 1, growing in the order in which segments are opened, never reused.
using SegmentNumber = std::uint32_t;

/// Where a frame lies: segment number in the high 32 bits, offset in bytes in the low 32.
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

/// A frame as recovery or a cold read sees it. `body` lives for the call only.
struct Frame {
  Lsn lsn = 0;
  Place place{};
  std::uint32_t shard = 0;
  std::string_view body;
};

}  // namespace millrace::journal
