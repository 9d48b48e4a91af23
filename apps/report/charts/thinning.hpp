// Fewer samples of a long run, for plots.
#pragma once

#include <cstddef>
#include <vector>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// At most `count_max` (at least 1) samples that stand for all: of neighbours taken together, the
/// running counts and states are the last ones; latencies, depths and memory the highest, so that
/// no peak disappears.
[[nodiscard]] std::vector<Sample> thinned(const std::vector<Sample>& samples,
                                          std::size_t count_max);

}  // namespace millrace::report
