#include "apps/simulate/remote/remote_audit.hpp"

#include <algorithm>
#include <utility>

#include "apps/orders/audit/audit.hpp"
#include "apps/simulate/simulate.hpp"

namespace millrace::simulate {
namespace {

/// Converts the nodes' answers to the view that the audit reads, as if of a data directory. Moves
/// the keys out of `orders`.
DurableView view_of(std::vector<RemoteOrder>& orders) {
  DurableView view;
  QueueView& queue = view.queues.emplace_back();
  queue.name = "orders.events";
  queue.type = orders::OrderEvent().GetTypeName();
  for (RemoteOrder& order : orders) {
    if (order.found) queue.keys.push_back(*std::move(order.found));
  }
  return view;
}

orders::audit::Witness testimony(const RemoteFindings& findings) {
  orders::audit::Witness witness;
  for (const RemoteOrder& order : findings.orders) {
    witness.attempted.push_back(order.due_us != 0);
    const bool is_known = order.found || (order.is_read && findings.is_lost_when_missing);
    witness.ok.push_back(order.is_confirmed && is_known);
  }
  witness.order_id = [&findings](std::uint64_t number) {
    return findings.run.order_id(number);
  };
  witness.placed = [&findings](std::uint64_t number) {
    orders::audit::PlacedOrder placed{findings.plan.order(number), findings.plan.is_valid(number)};
    placed.order.set_order_id(findings.run.order_id(number));
    return placed;
  };
  return witness;
}

/// Computes latencies, throughput and duration. End times are from the clock of the node, start
/// times from the local clock.
void take_times(const RemoteFindings& findings, report::RunReport& report) {
  std::vector<TimeUs> ends_us;
  for (const RemoteOrder& order : findings.orders) {
    if (!order.found || order.found->history.empty()) continue;
    ends_us.push_back(order.found->history.back().at_us);
    report.latency.record(std::max<DurationUs>(0, ends_us.back() - order.due_us));
  }
  if (ends_us.empty()) return;
  std::sort(ends_us.begin(), ends_us.end());
  const std::size_t mostly = ends_us.size() - ends_us.size() / 100;
  const TimeUs span_us = ends_us[mostly - 1] - findings.start_us;
  if (span_us > 0) {
    report.throughput_per_s = static_cast<double>(mostly) * 1e6 / static_cast<double>(span_us);
  }
  report.duration_s =
      static_cast<double>(std::max<TimeUs>(0, ends_us.back() - findings.start_us)) / 1e6;
}

}  // namespace

void audit_remote(const RemoteFindings& findings, report::RunReport& report) {
  take_times(findings, report);
  const orders::audit::Witness witness = testimony(findings);
  const DurableView view = view_of(findings.orders);
  take_over(report, orders::audit::audit_orders(view, witness, {.seed = report.seed}));
  report.orders_offered = static_cast<std::uint64_t>(
      std::count(witness.attempted.begin(), witness.attempted.end(), true));
}

}  // namespace millrace::simulate
