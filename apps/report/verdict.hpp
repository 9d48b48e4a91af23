// The verdict of a run as the terminal shows it.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// What to show beside the report's own content.
struct VerdictStyle {
  bool color = false;
  std::string directory;  ///< where index.html and report.json were written; empty: nowhere
};

/// Three to a dozen lines, each ended: verdict, latency, what was broken, where the report is.
[[nodiscard]] std::string verdict_text(const RunReport& report, const VerdictStyle& style);

}  // namespace millrace::report
