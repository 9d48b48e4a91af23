// Reads single frames back, many at a time: neighbours in the log share one read.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/read/segment_table.hpp"

namespace millrace::journal {

/// Receives the frame at `places[index]`.
using PlaceVisitor = std::function<Result<void>(std::size_t index, const Frame& frame)>;

/// Thread-safe; readers hold no lock during I/O and never wait for the writer.
class ColdReader {
 public:
  explicit ColdReader(SegmentTable& segments) : segments_(segments) {}

  /// Visits the frames at `places`, in the order of the log whatever theirs is. Fails with
  /// `not_found` (released), `corrupt` (no intact frame begins there; file and offset are named),
  /// `storage_failed`, or what `visit` fails with. Blocks.
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit);

 private:
  AlignedBuffer borrow();
  void give_back(AlignedBuffer buffer);

  SegmentTable& segments_;
  std::mutex mutex_;
  std::vector<AlignedBuffer> buffers_;
};

}  // namespace millrace::journal
