#include "apps/orders/audit/audit.hpp"

#include <map>
#include <memory>

#include "apps/orders/audit/checks.hpp"
#include "apps/orders/audit/i09_presence.hpp"
#include "apps/orders/audit/walk.hpp"

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

}  // namespace

AuditReport audit(const DurableView& view, const Witness& witness, const RunFacts& run) {
  std::vector<std::unique_ptr<Check>> checks;
  checks.push_back(make_stock_bounds_check());
  checks.push_back(make_conservation_check(run));
  checks.push_back(make_reservations_check());
  checks.push_back(make_captures_check());
  checks.push_back(make_invoices_check());
  checks.push_back(make_shipments_check());
  checks.push_back(make_all_or_nothing_check());
  checks.push_back(make_paths_check());
  auto owned_presence = std::make_unique<Presence>();
  const Presence& presence = *owned_presence;
  checks.push_back(std::move(owned_presence));
  checks.push_back(make_once_check());
  auto owned_sequence = make_sequence_check();
  const Check& sequence = *owned_sequence;
  checks.push_back(std::move(owned_sequence));
  checks.push_back(make_notifications_check());
  checks.push_back(make_ledger_check());

  const WalkResult walked = walk(view, witness, checks);

  AuditReport report;
  report.seed = run.seed;
  for (const auto& check : checks) {
    report.invariants.push_back(check->report());
    report.duplicated_effects += check->duplicated();
  }
  report.invariants.push_back(walked.readable);
  report.ledger = sum_ledgers(view);
  report.states = count_states(walked.index);
  report.attempted = presence.sets().attempted;
  report.ok = presence.sets().ok;
  report.accounted = presence.sets().accounted;
  report.lost = presence.sets().lost;
  report.unexpected = presence.sets().unexpected;
  report.recovered = presence.sets().recovered;
  report.order_violations = sequence.report().violations;
  return report;
}

}  // namespace millrace::orders::audit
