// Audit of a remote load: the checks that need only the orders.
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
  bool is_lost_when_missing = true;  ///< false: an unreachable node may have the order
  std::vector<RemoteOrder>& orders;  ///< by number; `found` is moved from
};

/// Fills in counts, invariants, times and states of `report`.
void audit_remote(const RemoteFindings& findings, report::RunReport& report);

}  // namespace millrace::simulate
