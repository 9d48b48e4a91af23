// StageCounts: results and durations of one stage as plain values, for metrics and tests.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "actors/base/duration_counts.hpp"
#include "actors/base/time.hpp"

namespace millrace {

/// Durations in buckets of powers of two of microseconds; see DurationCounts.
struct DurationBuckets {
  std::array<std::uint64_t, DurationCounts::bucket_count> counts{};
  std::uint64_t sum_us = 0;
};

/// Counts of one stage since the start of the node.
struct StageCounts {
  std::string pipeline;
  std::string stage;
  std::uint64_t acked = 0;
  std::uint64_t retried = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t postponed = 0;  ///< by a Retry that does not count
  std::uint64_t overran = 0;    ///< their handler ran beyond the lease
  /// From when a message became ready for the first time (durable, and past its not_before) until
  /// its first handling began.
  DurationBuckets wait;
  DurationBuckets run;  ///< from the begin to the end of a handling; of its batch, if it has one
  bool ends_pipeline = false;
  /// Of acked messages of the last stage: since the message from which they descend was offered.
  DurationBuckets end_to_end;

  /// See BreakerOptions.
  struct Breaker {
    enum class Phase : std::uint8_t { none, closed, open, recovering };
    Phase phase = Phase::none;  ///< none: the stage has no breaker
    TimeUs open_since_us = 0;   ///< wall clock; 0: it is closed
    std::uint64_t trips = 0;    ///< how often it has opened
    std::uint64_t probes = 0;   ///< messages that were handled while it was not closed
  };
  Breaker breaker{};
};

}  // namespace millrace
