#include "apps/report/run_report.hpp"

#include <algorithm>

namespace millrace::report {

// Ledger::queued() is computed as offered - acked - dead - dropped, so it cannot show a surplus.
// The only possible imbalance is that more messages left the queue than were offered.
bool balances(const queues::Ledger& ledger) {
  return ledger.acked + ledger.dead + ledger.dropped <= ledger.offered;
}

bool was_audited(const RunReport& report) {
  return report.failure.empty() || !report.invariants.empty();
}

bool held(const RunReport& report) {
  return std::all_of(report.invariants.begin(), report.invariants.end(),
                     [](const Invariant& invariant) { return invariant.held; });
}

bool passed(const RunReport& report) {
  return report.failure.empty() && report.orders_accounted == report.orders_offered &&
         report.lost == 0 && report.unexpected == 0 && report.duplicated_effects == 0 &&
         report.order_violations == 0 && held(report) &&
         std::all_of(report.ledger.begin(), report.ledger.end(),
                     [](const auto& entry) { return balances(entry.second); });
}

std::optional<double> worst_recovery_s(const RunReport& report) {
  std::optional<double> worst;
  for (const Fault& fault : report.faults) {
    if (!fault.recovered_after_s) return std::nullopt;
    worst = std::max(worst.value_or(0), *fault.recovered_after_s);
  }
  return worst;
}

}  // namespace millrace::report
