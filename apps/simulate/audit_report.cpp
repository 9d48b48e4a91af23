#include "apps/simulate/audit_report.hpp"

namespace millrace::simulate {

void take_over(report::RunReport& report, const orders::audit::AuditReport& audit) {
  report.orders_accounted = audit.accounted;
  report.lost = audit.lost;
  report.unexpected = audit.unexpected;
  report.duplicated_effects = audit.duplicated_effects;
  report.order_violations = audit.order_violations;
  report.states.assign(audit.states.begin(), audit.states.end());
  for (const auto& invariant : audit.invariants) {
    report.invariants.push_back(
        {invariant.name + " " + invariant.title, invariant.held, invariant.first_violation});
  }
  for (const auto& queue : audit.ledger) report.ledger.emplace_back(queue.queue, queue.ledger);
}

}  // namespace millrace::simulate
