// Options of a journal: default, unit, range, and the behaviour at the limit.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/log/record_bytes.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

struct Options {
  /// Length of a segment file. Multiple of 4 KiB, 64 KiB to 1 GiB. If the rest of a segment is too
  /// small for the next record, the rest stays unused and the next segment is opened.
  std::uint64_t segment_bytes = 32U << 20;

  /// Groups that are written at the same time, and flusher threads. 1 to 16. At the limit records
  /// wait, and the next group becomes larger.
  std::size_t groups_max = 3;

  /// Bytes of one group's frames. 4 KiB to 64 MiB. A larger record is a group of its own.
  std::size_t group_bytes_max = 1U << 20;

  /// Bytes of one record's body. At least 1; with its header it must fit into a segment. append()
  /// refuses a larger one with `too_large`.
  std::size_t record_bytes_max = logs::record_bytes_max;

  /// Segments kept ready for writing. At least 1. While the disk has no room for so many,
  /// storage_full() is true; when no segment is ready, appended records wait. The last
  /// make_room_segments() of the reserve are for records that make room.
  std::size_t reserve_segments = 3;

  /// Most segments kept ready by recycling released ones; surplus files are deleted. At least
  /// `reserve_segments`. Best as many as one checkpoint releases, because filling a new segment
  /// with zeros costs as much as writing it.
  std::size_t ready_segments_max = 8;

  /// Free bytes of the disk that segments never take, in addition to the size of the last
  /// checkpoint: room for the next checkpoint.
  std::uint64_t free_bytes_min = 64U << 20;

  /// Time without appended records after which a mark is written, unless a frame on disk already
  /// states that the last record is durable.
  std::chrono::microseconds idle_mark_after{5'000};

  /// Interval between attempts to allocate a segment on a full disk.
  std::chrono::milliseconds allocate_retry{1'000};

  /// Bypass the page cache (O_DIRECT) where the file system supports it.
  bool direct = true;

  /// Segments of the reserve that only records which make room may use. Two: compacting one
  /// segment whose messages are all live needs one segment, and part of a second because groups
  /// are padded. With a reserve of one or two segments: all but one.
  [[nodiscard]] std::size_t make_room_segments() const {
    return std::min<std::size_t>(2, reserve_segments - 1);
  }
};

/// The largest `record_bytes_max` for `segment_bytes`. REQUIRES: that is in its range.
[[nodiscard]] std::uint64_t record_room(std::uint64_t segment_bytes);

/// Fails with `invalid_argument`, naming the first option that is out of range.
[[nodiscard]] Result<void> validate(const Options& options);

}  // namespace millrace::journal
