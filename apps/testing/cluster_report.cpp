#include "apps/testing/cluster_report.hpp"

#include <ostream>

namespace millrace {

std::ostream& operator<<(std::ostream& out, const ClusterReport& report) {
  out << "seed " << report.seed << ": "
      << (report.violation.empty() ? std::string("nothing is wrong") : report.violation) << '\n';
  if (!report.violation.empty()) {
    out << "MILLRACE_SEED=" << report.seed << " gives this run again\n";
  }
  out << report.sent << " messages sent, " << report.handled << " handled by a stage, "
      << report.dead << " given up, " << report.calls << " calls of handlers; " << report.crashes
      << " crashes, " << report.moves << " moves, " << report.steps << " steps of clocks in "
      << report.virtual_ms << " ms\n";
  for (const std::string& each : report.differing) out << "not deterministic: " << each << '\n';
  if (!report.events.empty()) out << "the last events:\n";
  for (const std::string& event : report.events) out << "  " << event << '\n';
  return out;
}

}  // namespace millrace
