// The audit of a remote load: the auditor's checks that need nothing but the orders.
#pragma once

#include <vector>

#include "apps/orders/load/load_plan.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/remote/board.hpp"
#include "apps/simulate/remote/customer.hpp"

namespace millrace::simulate {

struct RemoteFindings {
  const orders::LoadPlan& plan;
  const RemoteRun& run;
  TimeUs start_us = 0;
  bool is_lost_when_missing = true;  ///< false: a node was away, and may have it
  std::vector<RemoteOrder>& orders;  ///< by number; what was found is moved from
};

/// Fills in the counts, the invariants, the times and the states.
void audit_remote(const RemoteFindings& findings, report::RunReport& report);

}  // namespace millrace::simulate
