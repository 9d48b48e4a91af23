// Lsn, SegmentNumber, Place and Frame: how users of a log identify and receive records.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::logs {

/// Log sequence number of a record: dense, from 1, over all shards. 0 means "none".
using Lsn = std::uint64_t;

/// Number of a segment, the unit in which a log is released: from 1, growing in the order in which
/// segments are opened, never reused. 0 means "none". A file of the journal, a table in a database.
using SegmentNumber = std::uint32_t;

/// Where a record lies: segment number in the high 32 bits, position within the segment in the low
/// 32; the engine defines the unit of the position. Places compare as the records lie in the log.
/// Place{} is no record. Places are durable: states and checkpoints hold them, so a place stays
/// valid over restarts until its segment is released.
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

/// A segment that is part of the log.
struct SegmentInfo {
  SegmentNumber number = 0;
  Lsn first_lsn = 0;        ///< of its first record
  std::uint64_t bytes = 0;  ///< that releasing it frees

  friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

/// Receives one record; its body is valid during the call only. An error or exception ends the
/// reading and reaches the caller of the reading function.
using FrameVisitor = std::function<Result<void>(const Frame&)>;

/// Receives the frame at `places[index]`. Called on the thread of read(). An error or exception
/// ends the reading and reaches the caller of read().
using PlaceVisitor = std::function<Result<void>(std::size_t index, const Frame& frame)>;

}  // namespace millrace::logs
