// `millrace simulate`: runs the order workflow in node processes under load, injects faults, and
// audits the data directories at the end.
#pragma once

#include "apps/orders/audit/evidence/report.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Fills in the defaults that depend on other options, then checks all options. Fails with
/// `invalid_argument`; the message names the flag and the expected range.
[[nodiscard]] Result<void> complete(Options& options);

/// Runs and audits. Blocks; prints progress on stderr. A negative verdict, or a run that could not
/// be finished (`failure` in the report), is a result, not an error. Fails if the run could not
/// start. REQUIRES: complete(options) succeeded.
[[nodiscard]] Result<report::RunReport> simulate(const Options& options);

/// Copies counts, states, invariants and ledger of `audit` to `report`; keeps its other fields.
void take_over(report::RunReport& report, const orders::audit::AuditReport& audit);

}  // namespace millrace::simulate
