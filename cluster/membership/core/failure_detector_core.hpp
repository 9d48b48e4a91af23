// φ-accrual failure detector (Hayashibara et al., SRDS 2004) with Akka's acceptable pause and first
// estimate: rates a node's silence by the intervals of its earlier heartbeats. Pure.
#pragma once

#include <cstdint>
#include <deque>

#include "actors/base/time.hpp"

namespace millrace::membership {

struct DetectorLimits {
  double phi_max = 8.0;  ///< unreachable at or above; 8: wrong once in 10^8 heartbeats
  DurationUs pause_acceptable_us =
      3'000'000;  ///< added to the expected interval: pauses of a healthy node
  DurationUs deviation_min_us = 100'000;     ///< lower bound of the standard deviation
  DurationUs interval_first_us = 1'000'000;  ///< assumed before the first interval
  std::uint32_t samples = 1'000;             ///< intervals remembered
};

/// The detector of one node, created at its first heartbeat.
class FailureDetector {
 public:
  FailureDetector(const DetectorLimits& limits, SteadyUs now_us);

  /// Records a heartbeat. Its interval is not sampled if the node was unreachable, or if
  /// `!regular`: such an interval would delay the next detection.
  void heartbeat(SteadyUs now_us, bool regular = true);

  /// Returns -log10 of the probability that a heartbeat still follows the current silence; >= 0.
  [[nodiscard]] double phi(SteadyUs now_us) const;

  [[nodiscard]] bool available(SteadyUs now_us) const { return phi(now_us) < limits_.phi_max; }

 private:
  void learn(DurationUs interval_us);

  DetectorLimits limits_;
  SteadyUs last_us_;
  std::deque<DurationUs> intervals_us_;
  double mean_us_ = 0;
  double deviation_us_ = 0;
};

}  // namespace millrace::membership
