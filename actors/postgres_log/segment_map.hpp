// SegmentMap: the segments of a running log, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "actors/log/frame.hpp"

namespace millrace::postgres_log {

using logs::Lsn;
using logs::SegmentInfo;
using logs::SegmentNumber;

/// Segments of a log, first to last.
struct SegmentRange {
  SegmentNumber first = 0;    ///< oldest segment of the log; 0: there is none
  SegmentNumber current = 0;  ///< written to by this process; 0 before the first confirmed record
  std::size_t count = 0;
};

/// Any thread may call any function. Does not block.
class SegmentMap {
 public:
  explicit SegmentMap(std::span<const SegmentInfo> segments) {
    for (const SegmentInfo& segment : segments) segments_[segment.number] = segment;
  }

  /// A group of `bytes` in `segment` is confirmed.
  void note_group(SegmentNumber segment, Lsn segment_first_lsn, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    SegmentInfo& info = segments_[segment];
    info.number = segment;
    info.first_lsn = segment_first_lsn;
    info.bytes += bytes;
    current_ = segment;
  }

  /// First record of a segment; empty: it is no part of the log.
  [[nodiscard]] std::optional<Lsn> first_lsn_of(SegmentNumber segment) const {
    const std::lock_guard lock(mutex_);
    const auto found = segments_.find(segment);
    if (found == segments_.end()) return std::nullopt;
    return found->second.first_lsn;
  }

  /// The segment that holds record `lsn`, which is confirmed; 0: it was released.
  [[nodiscard]] SegmentNumber segment_holding(Lsn lsn) const {
    const std::lock_guard lock(mutex_);
    SegmentNumber found = 0;
    for (const auto& [number, info] : segments_) {
      if (info.first_lsn <= lsn) found = number;
    }
    return found;
  }

  /// Takes the segments before `before` out of the log, but not its newest one, and returns them.
  std::vector<SegmentNumber> release_before(SegmentNumber before) {
    const std::lock_guard lock(mutex_);
    std::vector<SegmentNumber> released;
    while (segments_.size() > 1 && segments_.begin()->first < before) {
      released.push_back(segments_.begin()->first);
      segments_.erase(segments_.begin());
    }
    return released;
  }

  /// The segments before `before`, oldest first.
  [[nodiscard]] std::vector<SegmentInfo> list_before(SegmentNumber before) const {
    const std::lock_guard lock(mutex_);
    std::vector<SegmentInfo> list;
    for (const auto& [number, info] : segments_) {
      if (number < before) list.push_back(info);
    }
    return list;
  }

  [[nodiscard]] SegmentRange range() const {
    const std::lock_guard lock(mutex_);
    return {segments_.empty() ? 0 : segments_.begin()->first, current_, segments_.size()};
  }

 private:
  mutable std::mutex mutex_;
  std::map<SegmentNumber, SegmentInfo> segments_;
  SegmentNumber current_ = 0;
};

}  // namespace millrace::postgres_log
