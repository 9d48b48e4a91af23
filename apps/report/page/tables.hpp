// The tables of the HTML report.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// Invariants, states, ledger, faults and configuration, each as a card; empty ones are left out.
[[nodiscard]] std::string tables_html(const RunReport& report);

}  // namespace millrace::report
