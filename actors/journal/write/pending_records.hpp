// PendingRecords: appended records that are not in a group yet, in the order of their appends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/journal/write/group.hpp"

namespace millrace::journal {

/// Not thread-safe: GroupCommit guards it by its mutex.
class PendingRecords {
 public:
  using Clock = std::chrono::steady_clock;

  /// Adds all of `proposals`, which are moved from, at the end.
  void add(std::span<std::shared_ptr<Proposal>> proposals);

  /// Moves records from the front into `group`: as many as fit into `bytes_max`, at least one.
  /// Returns the bytes of their frames. REQUIRES: not empty; `group` has no records.
  std::uint64_t take(Group& group, std::uint64_t bytes_max);

  [[nodiscard]] bool is_empty() const { return taken_ == records_.size(); }
  /// Bytes of the frames of all records.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Bytes of the frame of the first record. REQUIRES: not empty.
  [[nodiscard]] std::uint64_t first_bytes() const {
    return frame_bytes(records_[taken_].proposal->body.size());
  }
  /// Time of the last add() that found it empty.
  [[nodiscard]] Clock::time_point since() const { return since_; }

 private:
  std::vector<Committed> records_;  ///< pending from index taken_ on; moved from before it
  std::size_t taken_ = 0;           ///< taken_ <= records_.size()
  std::uint64_t bytes_ = 0;         ///< sum of frame_bytes() of the pending records
  Clock::time_point since_;
};

}  // namespace millrace::journal
