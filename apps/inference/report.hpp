// The report: what batching did, as a table.
#pragma once

#include <string>
#include <vector>

#include "apps/inference/scenario.hpp"

namespace millrace::inference {

/// A run and what it is called in the report.
struct NamedRun {
  std::string name;
  ScenarioFigures figures;
};

/// Text for people: the runs side by side, then each tenant and the batch sizes of each run.
[[nodiscard]] std::string report_text(const std::vector<Tenant>& tenants,
                                      const std::vector<NamedRun>& runs);

}  // namespace millrace::inference
