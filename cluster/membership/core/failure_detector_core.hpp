// φ-accrual failure detector: how sure one may be that a node is gone, from how regularly it was
// heard before (Hayashibara et al., SRDS 2004), with the acceptable pause and the first estimate of
// Akka. Pure.
#pragma once

#include <cstdint>
#include <deque>

#include "actors/base/time.hpp"

namespace millrace::membership {

struct DetectorLimits {
  double phi_max = 8.0;  ///< beyond, the node counts as unreachable: wrong once in 10^8 beats
  DurationUs pause_acceptable_us = 3'000'000;  ///< a silence that is no news: collections, swaps
  DurationUs deviation_min_us = 100'000;       ///< regular nodes are given this much anyway
  DurationUs interval_first_us = 1'000'000;    ///< assumed until intervals are known
  std::uint32_t samples = 1'000;               ///< intervals remembered
};

/// Listens to one node, from its first heartbeat on.
class FailureDetector {
 public:
  FailureDetector(const DetectorLimits& limits, TimeUs now_us);

  /// A heartbeat came. After a silence that counted as a failure, or with `!regular`, its interval
  /// is not learnt from: it would make the detector blind to the next failure.
  void heartbeat(TimeUs now_us, bool regular = true);

  /// Minus the decimal logarithm of the chance that a heartbeat is still to come after such a
  /// silence. 0 or more.
  [[nodiscard]] double phi(TimeUs now_us) const;

  [[nodiscard]] bool available(TimeUs now_us) const { return phi(now_us) < limits_.phi_max; }

 private:
  void learn(DurationUs interval_us);

  DetectorLimits limits_;
  TimeUs last_us_;
  std::deque<DurationUs> intervals_us_;
  double mean_us_ = 0;
  double deviation_us_ = 0;
};

}  // namespace millrace::membership
