// The durable point: how far the log was durable at least, kept outside the segments, so that the
// loss of the newest segment is noticed. It lies in the file `format` behind its line of text:
//
//   offset 4096, 8192   two slots, written in turn, so that a torn write leaves the other one
//   slot = "MILLEND\0", version u32, segment u32, count u64, first_lsn u64, durable u64, zero u32,
//          crc32c u32
//
// Written when a segment is opened, at a start and at a clean stop: never for each group.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"

namespace millrace::journal {

struct DurablePoint {
  SegmentNumber segment = 0;  ///< the newest segment
  Lsn first_lsn = 0;          ///< of that segment
  Lsn durable = 0;            ///< every record up to this was durable
  std::uint64_t count = 0;    ///< grows with each write; the higher one counts
};

/// The durable point of a directory; empty if none was written yet: the directory is new or of an
/// older version. Fails with `corrupt` (both slots are damaged, which no crash does),
/// `storage_failed`. Blocks.
Result<std::optional<DurablePoint>> read_durable_point(const DataDirectory& directory);

/// The contents of a file `format` with this durable point; without one if point.durable is 0.
[[nodiscard]] std::string format_file(const DurablePoint& point);

/// Writes the durable point. Any thread; calls are run one after the other.
class DurablePointWriter {
 public:
  /// Fails as read_durable_point(). Blocks. REQUIRES: `directory` has the writer's lock.
  static Result<std::unique_ptr<DurablePointWriter>> open(const DataDirectory& directory);

  /// Replaces the point, durably. Succeeds without effect if the disk has no room for it: an older
  /// point stays true. Fails with `storage_failed`. Blocks.
  Result<void> write(SegmentNumber segment, Lsn first_lsn, Lsn durable);

 private:
  DurablePointWriter(std::unique_ptr<File> file, std::uint64_t bytes, std::uint64_t count, int slot)
      : file_(std::move(file)), bytes_(bytes), count_(count), slot_(slot) {}

  std::mutex mutex_;  ///< guards all fields
  std::unique_ptr<File> file_;
  std::uint64_t bytes_;  ///< length of the file
  std::uint64_t count_;  ///< of the newest point
  int slot_;             ///< written next
};

}  // namespace millrace::journal
