#include "apps/report/run_report.hpp"

#include <algorithm>
#include <utility>

namespace millrace::report {
namespace {

DurationSummary summary_of(std::vector<double> durations_s) {
  if (durations_s.empty()) return {};
  std::sort(durations_s.begin(), durations_s.end());
  return {durations_s.size(), durations_s[durations_s.size() / 2], durations_s.back()};
}

}  // namespace

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

DurationSummary takeovers(const RunReport& report, bool was_silent) {
  std::vector<double> durations_s;
  for (const Fault& fault : report.faults) {
    if (!fault.taken_over_after_s || fault.was_log_at_fault) continue;
    if ((fault.kind == "pause") != was_silent) continue;
    durations_s.push_back(*fault.taken_over_after_s);
  }
  return summary_of(std::move(durations_s));
}

DurationSummary log_outages(const RunReport& report) {
  std::vector<double> durations_s;
  for (const Fault& fault : report.faults) {
    if (fault.nothing_confirmed_s) durations_s.push_back(*fault.nothing_confirmed_s);
  }
  return summary_of(std::move(durations_s));
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
