// `millrace simulate`: runs the order workflow in a process of its own, kills that process as often
// as it was asked to, and audits at the end what the data directory holds.
#pragma once

#include "apps/orders/audit/evidence/report.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Fills the defaults that depend on other options, and checks them all. Fails with
/// `invalid_argument`, naming the flag and what was expected.
[[nodiscard]] Result<void> complete(Options& options);

/// Runs and audits. The report's verdict may be negative, and its `failure` says why a run could
/// not be finished; both are results. Fails where the run could not even begin. Progress goes to
/// stderr.
[[nodiscard]] Result<report::RunReport> simulate(const Options& options);

/// Fills in counts, states, invariants and ledger; of `report` the rest stays.
void take_over(report::RunReport& report, const orders::audit::AuditReport& audit);

}  // namespace millrace::simulate
