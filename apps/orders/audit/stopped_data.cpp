#include "apps/orders/audit/stopped_data.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "apps/orders/audit/audit.hpp"

namespace millrace::orders::audit {
namespace {

QueueView view_of(const millrace::audit::Queue& queue) {
  QueueView view;
  view.name = queue.declaration.name();
  view.type = queue.declaration.type();
  view.shard = queue.declaration.shard();
  view.is_dead_letter = queue.declaration.dead_letters();
  const millrace::audit::Counts& counts = queue.counts;
  view.ledger = {counts.offered, counts.acked,      counts.dead,
                 counts.dropped, counts.duplicates, counts.redelivered};
  view.timers = queue.timers.size();
  for (const auto& [name, state] : queue.keys) {
    KeyView& key = view.keys.emplace_back();
    key.key = name;
    key.value = state.value.value_or("");
    for (const pb::HistoryEntry& entry : state.history) {
      key.history.push_back({entry.input(), entry.at_us(), entry.value()});
    }
  }
  for (const auto& [sequence, queued] : queue.queued) {
    MessageView& message = view.messages.emplace_back();
    message.sequence = sequence;
    message.failed = queued.failed;
    message.envelope.set_key(queued.key);
  }
  return view;
}

// Whether nothing of the workflow is on its way. Finished orders and dead letters wait for nobody.
bool is_at_rest(const DurableView& view) {
  return std::all_of(view.queues.begin(), view.queues.end(), [](const QueueView& queue) {
    return queue.name == "orders.finished" || queue.is_dead_letter ||
           (queue.messages.empty() && queue.timers == 0);
  });
}

// Whether all shards of each queue are served by one of the directories.
bool has_all_shards(const millrace::audit::Audit& read) {
  std::map<std::string, std::pair<std::uint32_t, std::set<std::uint32_t>>> queues;
  for (const auto& directory : read.directories) {
    if (!directory->is_whole) return false;
    for (const auto& [number, queue] : directory->model.queues()) {
      if (!queue.is_served() || queue.declaration.dead_letters()) continue;
      auto& [shards, found] = queues[queue.declaration.name()];
      shards = queue.declaration.shards();
      found.insert(queue.declaration.shard());
    }
  }
  return queues.contains("stock.requests") && queues.contains("payments.requests") &&
         queues.contains("shipping.requests") &&
         std::all_of(queues.begin(), queues.end(),
                     [](const auto& one) { return one.second.first == one.second.second.size(); });
}

}  // namespace

DurableView view_of(const millrace::audit::Audit& read) {
  DurableView view;
  for (const auto& directory : read.directories) {
    for (const auto& [number, queue] : directory->model.queues()) {
      if (!queue.declaration.staged()) view.queues.push_back(view_of(queue));
    }
  }
  return view;
}

void add_order_checks(millrace::audit::Audit& read) {
  const DurableView view = view_of(read);
  const bool has_orders = std::any_of(view.queues.begin(), view.queues.end(),
                                      [](const auto& one) { return one.name == "orders.events"; });
  if (!has_orders) return;
  const bool at_rest = is_at_rest(view);
  const bool complete = has_all_shards(read);
  const AuditReport report = audit_data(view, at_rest && complete);
  for (const InvariantReport& invariant : report.invariants) {
    millrace::audit::Check check{"orders " + invariant.name, invariant.title};
    for (const auto& [status, orders] : report.states) check.checked += orders;
    check.failures = invariant.violations;
    if (!invariant.held) check.findings.push_back({{}, {}, 0, 0, invariant.first_violation});
    if (!complete) {
      check.notes.push_back(
          "not all shards are in these directories: orders that need others are "
          "not compared");
    } else if (!at_rest) {
      check.notes.push_back("orders are in flight: what holds at rest is not checked");
    }
    read.report.add(std::move(check));
  }
}

}  // namespace millrace::orders::audit
