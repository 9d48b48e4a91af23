// The verdict of a run as text for the terminal.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// Output options.
struct VerdictStyle {
  bool color = false;
  std::string directory;  ///< directory of index.html and report.json; empty: not written
};

/// 3 to 12 lines with line ends: verdict, latency, violations, directory of the report.
[[nodiscard]] std::string verdict_text(const RunReport& report, const VerdictStyle& style);

}  // namespace millrace::report
