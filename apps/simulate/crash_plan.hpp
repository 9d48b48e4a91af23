// CrashPlan: when the node of a simulation is killed.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::simulate {

/// One kill. A pure function of the seed, and however fast the machine is, it falls into the run.
struct CrashMoment {
  /// Counted from the start of the node's process instead of from progress: it hits the recovery
  /// from the kill before, or the first work after it.
  bool is_after_start = false;
  std::uint64_t finished = 0;  ///< orders finished before it; all of them: the node is draining
  DurationUs delay_us = 0;     ///< after that, or after the start
};

/// Moments for `count` kills in a run of `orders`, in order. Most are spread evenly over the
/// progress of the run, some hit its end, and a third follow on the heels of the one before.
[[nodiscard]] std::vector<CrashMoment> plan_crashes(std::uint64_t seed, std::uint64_t orders,
                                                    std::uint32_t count);

}  // namespace millrace::simulate
