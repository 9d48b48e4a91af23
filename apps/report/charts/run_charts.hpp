// The plots of a run.
#pragma once

#include <vector>

#include "apps/report/charts/chart.hpp"
#include "apps/report/run_report.hpp"

namespace millrace::report {

/// Throughput, latency over time, latency by percentile, queue depth, states and memory: those for
/// which the report has data. Long runs are thinned to 300 points, keeping peaks.
[[nodiscard]] std::vector<Chart> run_charts(const RunReport& report);

}  // namespace millrace::report
