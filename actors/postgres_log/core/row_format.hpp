// Bytes of a row of a segment: the frames of one group of records, one behind the other, in the
// encoding of the journal (actors/journal/format/), with a checksum each. FROZEN as format 1
// (docs/formats/postgres.md). The place of a record is its segment and its position there: the number
// of records before it in the segment.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "actors/journal/format/format.hpp"
#include "actors/log/frame.hpp"
#include "actors/log/proposal.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

using logs::Frame;
using logs::FrameVisitor;
using logs::Lsn;
using logs::Place;
using logs::SegmentNumber;

/// Bytes of the frame of a record whose body has `length` bytes, padding included.
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::size_t length) {
  return journal::align_up(journal::frame_header_bytes + length, journal::frame_align);
}

/// Where a group lies.
struct RowPlace {
  SegmentNumber segment = 0;
  Lsn segment_first_lsn = 0;  ///< of the first record of the segment; <= lsn
  Lsn lsn = 0;                ///< of the first record of the group
};

/// Encodes the records of a group into `out`, which is replaced. Sets Committed::lsn and
/// Committed::place of each, and empties the bodies; their capacity stays. `durable`: every record up to
/// this was confirmed when the group was formed. REQUIRES: `records` is not empty.
void encode_row(std::span<logs::Committed> records, const RowPlace& place, Lsn durable,
                std::string& out);

/// What the header of the first frame of a row says. Not covered by a checksum here.
struct RowHead {
  Lsn lsn = 0;
  Lsn durable = 0;
  SegmentNumber segment = 0;
  Lsn segment_first_lsn = 0;
};

/// The head of the row that begins with `bytes`; empty if they are fewer than
/// journal::frame_header_bytes.
[[nodiscard]] std::optional<RowHead> decode_row_head(std::string_view bytes);

/// A row as it was read.
struct Row {
  SegmentNumber segment = 0;
  Lsn lsn = 0;              ///< key of the row: of its first record
  std::uint32_t count = 0;  ///< of records, as the row's column states
  std::string_view frames;
};

/// Visits the records of `row` from `from` on, in order. Checks each frame of the row before the first
/// visit. Fails with `corrupt` (the message names segment and record), or the error of `visit`.
[[nodiscard]] Result<void> visit_row(const Row& row, Lsn from, const FrameVisitor& visit);

}  // namespace millrace::postgres_log
