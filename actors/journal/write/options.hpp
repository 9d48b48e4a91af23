// The limits of a journal, each with its default, unit and behaviour at the bound.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "messages/result.hpp"

namespace millrace::journal {

struct Options {
  /// Size of a segment file. Multiple of 4 KiB, 64 KiB to 1 GiB. A segment that cannot take the
  /// next record is left as it is, and the next one is opened.
  std::uint64_t segment_bytes = 32U << 20;

  /// Groups written at the same time, 1 to 16, and so flusher threads. At the bound records gather.
  std::size_t groups_max = 3;

  /// Bytes of one group, 4 KiB to 64 MiB. A larger record makes a group of its own.
  std::size_t group_bytes_max = 1U << 20;

  /// Bytes of one record's body. A larger one is refused with `too_large`. With its header it must
  /// fit into a segment.
  std::size_t record_bytes_max = 16U << 20;

  /// Segments kept ready to be written, at least 1. While there are fewer and none can be added,
  /// storage_full() holds; when none is left, appends wait. The last two, or with a reserve below
  /// three all but one, are for records that make room.
  std::size_t reserve_segments = 3;

  /// Released segments kept for reuse, at least `reserve_segments`; the rest is deleted. As many as
  /// a checkpoint releases at once: to fill a new one with zeros costs as much as to write it.
  std::size_t ready_segments_max = 8;

  /// Bytes of the disk left free for checkpoints, beside the size of the last one: segments are not
  /// added beyond that. storage_full() holds from a quarter of the log's length, beside the
  /// reserve, before that.
  std::uint64_t free_bytes_min = 64U << 20;

  /// Quiet time after which the confirmed end of the log is marked on disk.
  std::chrono::microseconds idle_mark_after{5'000};

  /// Time between two attempts to allocate a segment on a full disk.
  std::chrono::milliseconds allocate_retry{1'000};

  /// Bypass the page cache where the file system allows it.
  bool direct = true;

  /// Segments of the reserve that only records that make room may use: to move one that is wholly
  /// live takes that one's length, and a little more for what groups leave unused.
  [[nodiscard]] std::size_t make_room_segments() const {
    return std::min<std::size_t>(2, reserve_segments - 1);
  }
};

/// Fails with `invalid_argument`, naming the first option outside its range.
[[nodiscard]] Result<void> validate(const Options& options);

}  // namespace millrace::journal
