// The report: compares runs with different batching.
#pragma once

#include <string>
#include <vector>

#include "apps/inference/scenario.hpp"

namespace millrace::inference {

/// A run with its name in the report.
struct NamedRun {
  std::string name;
  ScenarioFigures figures;
};

/// Text: the runs side by side, then tenants and batch sizes of each run.
[[nodiscard]] std::string report_text(const std::vector<Tenant>& tenants,
                                      const std::vector<NamedRun>& runs);

}  // namespace millrace::inference
