// What an audit found, as a part of the report of its run.
#pragma once

#include "apps/orders/audit/evidence/report.hpp"
#include "apps/report/run_report.hpp"

namespace millrace::simulate {

/// Fills in counts, states, invariants and ledger; of `report` the rest stays.
void take_over(report::RunReport& report, const orders::audit::AuditReport& audit);

}  // namespace millrace::simulate
