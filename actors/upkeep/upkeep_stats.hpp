// Measurements of checkpoints and of keyed state on disk.
#pragma once

#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace {

/// Since the start of the node.
struct CheckpointStats {
  std::uint64_t written = 0;
  std::uint64_t failed = 0;
  DurationUs duration_us_sum =
      0;  ///< of those written: from the moment that they show until durable
  DurationUs last_duration_us = 0;
  DurationUs longest_duration_us = 0;
  std::uint64_t last_bytes = 0;  ///< without keyed state on disk
  SteadyUs last_at_us = 0;       ///< 0: none was written
};

/// Of keyed state on disk.
struct StateStats {
  std::uint64_t disk_bytes = 0;  ///< of `state/`
  std::uint64_t items = 0;       ///< values, ages and history entries; estimated
  std::uint64_t lookups = 0;     ///< leases of messages with a key
  std::uint64_t misses = 0;      ///< values that had to be read from the disk for that
  std::uint64_t put_bytes = 0;   ///< written to the files of a log that is not on this machine
};

struct UpkeepStats {
  CheckpointStats checkpoints{};
  bool has_states = false;  ///< keyed state is on disk, and `states` has its figures
  StateStats states{};
};

}  // namespace millrace
