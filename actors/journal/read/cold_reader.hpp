// ColdReader: reads the bodies of records back from their segments, many at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/journal/disk/files.hpp"
#include "actors/journal/read/segment_table.hpp"

namespace millrace::journal {

/// Any thread may call read() concurrently. No lock is held during I/O, so reading and writing the
/// log do not wait for each other.
class ColdReader {
 public:
  /// REQUIRES: `segments` outlives the reader.
  explicit ColdReader(SegmentTable& segments) : segments_(segments) {}

  /// Visits the frames at `places` once each, in log order, whatever the order of `places`. Frames
  /// that lie near each other share one read. Blocks. Fails with `not_found` (a place is not, or no
  /// longer, in the log), `corrupt` (no intact frame begins at a place; the message names file and
  /// offset), `storage_failed`, or the error of `visit`. Some frames may have been visited then.
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit);

 private:
  AlignedBuffer borrow();
  void give_back(AlignedBuffer buffer);

  SegmentTable& segments_;
  std::mutex mutex_;
  std::vector<AlignedBuffer> buffers_;  ///< for later reads; guarded by mutex_
};

}  // namespace millrace::journal
