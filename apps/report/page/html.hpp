// The report as one HTML page.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// A self-contained page: loads nothing from the network or other files.
[[nodiscard]] std::string to_html(const RunReport& report);

/// Invariants, states, ledger, faults and configuration, each as a card; empty ones are left out.
[[nodiscard]] std::string tables_html(const RunReport& report);

}  // namespace millrace::report
