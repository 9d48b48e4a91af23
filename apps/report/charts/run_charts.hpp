// The charts of a run.
#pragma once

#include <cstddef>
#include <vector>

#include "apps/report/charts/chart.hpp"
#include "apps/report/run_report.hpp"

namespace millrace::report {

/// Reduces `samples` to at most `count_max` (>= 1) by joining neighbours: counts and states of the
/// last one, maximum of latencies, depths and memory, so that peaks stay visible.
[[nodiscard]] std::vector<Sample> thinned(const std::vector<Sample>& samples,
                                          std::size_t count_max);

/// Charts of throughput, latency over time, latency by percentile, queue depth, states and memory,
/// as far as the report has data. Thinned to 300 points.
[[nodiscard]] std::vector<Chart> run_charts(const RunReport& report);

}  // namespace millrace::report
