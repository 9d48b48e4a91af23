#include "apps/orders/audit/audit.hpp"

#include <map>
#include <memory>

#include "apps/orders/audit/evidence/check.hpp"
#include "apps/orders/audit/invariants/checks.hpp"
#include "apps/orders/audit/invariants/i09_presence.hpp"

namespace millrace::orders::audit {
namespace {

std::vector<LedgerReport> sum_ledgers(const DurableView& view) {
  std::map<std::string, LedgerReport> sums;
  for (const QueueView& queue : view.queues) {
    LedgerReport& sum = sums[queue.name];
    sum.queue = queue.name;
    sum.ledger += queue.ledger;
    sum.queued += queue.messages.size();
  }
  std::vector<LedgerReport> ledgers;
  ledgers.reserve(sums.size());
  for (auto& [name, sum] : sums) ledgers.push_back(std::move(sum));
  return ledgers;
}

std::map<std::string, std::uint64_t> count_states(const OrderIndex& index) {
  std::map<std::string, std::uint64_t> states;
  for (OrderNumber order = 0; order < index.size(); ++order) {
    ++states[Status_Name(index[order].status)];
  }
  return states;
}

struct ChecksToRun {
  std::vector<std::unique_ptr<Check>> all{};
  const Presence* presence = nullptr;  ///< nullptr if not checked
  const Check* sequence = nullptr;     ///< nullptr if not checked

  void add(std::unique_ptr<Check> check) { all.push_back(std::move(check)); }
  void add_presence() {
    auto owned = std::make_unique<Presence>();
    presence = owned.get();
    add(std::move(owned));
  }
};

AuditReport run_checks(const ChecksToRun& checks, const DurableView& view, const Witness& witness,
                       const RunFacts& run) {
  const WalkResult walked = walk(view, witness, checks.all);

  AuditReport report;
  report.seed = run.seed;
  for (const auto& check : checks.all) {
    report.invariants.push_back(check->report());
    report.duplicated_effects += check->duplicated();
  }
  report.invariants.push_back(walked.readable);
  report.states = count_states(walked.index);
  if (checks.sequence != nullptr) {
    report.order_violations = checks.sequence->report().violations;
  }
  if (checks.presence == nullptr) return report;
  const Presence::Sets& sets = checks.presence->sets();
  report.attempted = sets.attempted;
  report.ok = sets.ok;
  report.accounted = sets.accounted;
  report.lost = sets.lost;
  report.unexpected = sets.unexpected;
  report.recovered = sets.recovered;
  return report;
}

}  // namespace

AuditReport audit(const DurableView& view, const Witness& witness, const RunFacts& run) {
  ChecksToRun checks;
  checks.add(make_stock_bounds_check());
  checks.add(make_conservation_check(run));
  checks.add(make_reservations_check());
  checks.add(make_captures_check());
  checks.add(make_invoices_check());
  checks.add(make_shipments_check(run));
  checks.add(make_all_or_nothing_check());
  checks.add(make_paths_check(run));
  checks.add_presence();
  checks.add(make_once_check());
  checks.add(make_sequence_check());
  checks.sequence = checks.all.back().get();
  checks.add(make_notifications_check());
  checks.add(make_ledger_check());
  AuditReport report = run_checks(checks, view, witness, run);
  report.ledger = sum_ledgers(view);
  return report;
}

AuditReport audit_orders(const DurableView& view, const Witness& witness, const RunFacts& run) {
  ChecksToRun checks;
  checks.add(make_invoices_check());
  checks.add(make_paths_check(run));
  checks.add_presence();
  return run_checks(checks, view, witness, run);
}

AuditReport audit_data(const DurableView& view, bool is_complete) {
  ChecksToRun checks;
  RunFacts run;
  run.was_clock_set = true;  // nobody knows
  checks.add(make_stock_bounds_check());
  if (is_complete) {
    checks.add(make_conservation_check({}));
    checks.add(make_reservations_check());
    checks.add(make_captures_check());
  }
  checks.add(make_invoices_check());
  if (is_complete) {
    checks.add(make_shipments_check(run));
    checks.add(make_all_or_nothing_check());
  }
  checks.add(make_paths_check(run));
  if (is_complete) checks.add(make_once_check());
  checks.add(make_sequence_check());
  checks.sequence = checks.all.back().get();
  if (is_complete) checks.add(make_notifications_check());
  checks.add(make_ledger_check());
  return run_checks(checks, view, Witness{}, run);
}

}  // namespace millrace::orders::audit
