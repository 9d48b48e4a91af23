// The plots of a run.
#pragma once

#include <cstddef>
#include <vector>

#include "apps/report/charts/chart.hpp"
#include "apps/report/run_report.hpp"

namespace millrace::report {

/// At most `count_max` (at least 1) samples that stand for all: of neighbours taken together, the
/// running counts and states are the last ones; latencies, depths and memory the highest, so that
/// no peak disappears.
[[nodiscard]] std::vector<Sample> thinned(const std::vector<Sample>& samples,
                                          std::size_t count_max);

/// Throughput, latency over time, latency by percentile, queue depth, states and memory: those for
/// which the report has data. Long runs are thinned to 300 points, keeping peaks.
[[nodiscard]] std::vector<Chart> run_charts(const RunReport& report);

}  // namespace millrace::report
