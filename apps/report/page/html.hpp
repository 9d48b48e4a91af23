// The report as one HTML page, for people.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// A whole page that needs nothing beside itself: no network, no other file.
[[nodiscard]] std::string to_html(const RunReport& report);

/// Invariants, states, ledger, faults and configuration, each as a card; empty ones are left out.
[[nodiscard]] std::string tables_html(const RunReport& report);

}  // namespace millrace::report
