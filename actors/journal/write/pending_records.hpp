// Gathering: the records that wait for a group, in the order in which they were appended.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/journal/write/group.hpp"

namespace millrace::journal {

/// One thread at a time.
class Gathering {
 public:
  using Clock = std::chrono::steady_clock;

  void add(std::span<std::shared_ptr<Proposal>> proposals);

  /// Moves records of at most `bytes_max`, but at least one, into a group without any. Returns the
  /// bytes of their frames.
  std::uint64_t take(Group& group, std::uint64_t bytes_max);

  [[nodiscard]] bool is_empty() const { return taken_ == records_.size(); }
  /// Of all frames.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Of the first frame.
  [[nodiscard]] std::uint64_t first_bytes() const {
    return frame_bytes(records_[taken_].proposal->body.size());
  }
  /// First append after it was empty.
  [[nodiscard]] Clock::time_point since() const { return since_; }

 private:
  std::vector<Committed> records_;  ///< those before taken_ are in a group already
  std::size_t taken_ = 0;
  std::uint64_t bytes_ = 0;
  Clock::time_point since_;
};

}  // namespace millrace::journal
