#include "apps/orders/audit/invariants/i09_presence.hpp"

namespace millrace::orders::audit {

void Presence::on_queue(const QueueView& queue) {
  const bool is_output = queue.name == "orders.finished" || queue.name.ends_with(".dead");
  if (is_output) return;
  if (queue.name == "orders.placed") {
    for (const MessageView& message : queue.messages) queued_.insert(message.envelope.key());
  }
  if (!queue.messages.empty() || queue.timers != 0) {
    fail([&] {
      return "queue " + queue.name + ", shard " + std::to_string(queue.shard) +
             ", is not at rest: " + std::to_string(queue.messages.size()) + " messages, " +
             std::to_string(queue.timers) + " timers";
    });
  }
}

void Presence::on_order(const OrderRecord& order) {
  const OrderFacts& facts = index()[order.order];
  if (facts.is_final() || facts.is_paused()) return;
  fail([&] { return name_of(order.order) + " stays " + Status_Name(facts.status); });
}

void Presence::fail_as_unknown(const std::string& order_id, const char* effect) {
  fail([&] { return "order " + order_id + " has " + effect + ", but no saga"; });
}

void Presence::on_stock(const StockRecord& stock) {
  for (const auto& [effect, order] : stock.entries) {
    if (order != no_order || effect.kind() == StockEffect::OPENED) continue;
    fail_as_unknown(effect.order_id(), "a reservation");
  }
}

void Presence::on_account(const AccountRecord& account) {
  for (const auto& [effect, order] : account.entries) {
    if (order != no_order || effect.kind() == PaymentEffect::OPENED) continue;
    fail_as_unknown(effect.order_id(), "a charge");
  }
}

void Presence::on_shipment(const ShipmentRecord& shipment) {
  if (shipment.order == no_order) fail_as_unknown(shipment.view.key, "a shipment");
}

void Presence::on_inbox(const InboxRecord& inbox) {
  for (const auto& [effect, order] : inbox.entries) {
    if (order == no_order) fail_as_unknown(effect.order_id(), "a notification");
  }
}

void Presence::on_validated(const ValidatedRecord& validated) {
  if (validated.order == no_order) fail_as_unknown(validated.view.key, "been let in");
}

void Presence::find(const Witness& witness, std::uint64_t number, std::vector<bool>& is_attempted) {
  const bool is_ok = number < witness.ok.size() && witness.ok[number];
  ++sets_.attempted;
  sets_.ok += is_ok ? 1 : 0;
  const std::string id = witness.order_id(number);
  const OrderNumber order = index().find(id);
  if (order == no_order) {
    if (!is_ok || queued_.contains(id)) return;
    ++sets_.lost;
    fail([&] { return "order " + id + " was confirmed and is missing"; });
    return;
  }
  is_attempted[order] = true;
  sets_.recovered += is_ok ? 0 : 1;
  const OrderFacts& facts = index()[order];
  sets_.accounted += facts.is_final() || facts.is_paused() ? 1 : 0;
  const Status notified = witness.notified ? witness.notified(number) : facts.status;
  // An order that was paused and then resumed may have been reported to its customer as PAUSED.
  if (notified != facts.status && notified != PAUSED) {
    fail([&] {
      return name_of(order) + " is " + Status_Name(facts.status) + ", its customer was told " +
             Status_Name(notified);
    });
  }
}

void Presence::finish(const Witness& witness) {
  std::vector<bool> is_attempted(index().size());
  for (std::uint64_t number = 0; number < witness.attempted.size(); ++number) {
    if (witness.attempted[number]) find(witness, number, is_attempted);
  }
  for (OrderNumber order = 0; order < index().size(); ++order) {
    if (is_attempted[order]) continue;
    ++sets_.unexpected;
    fail([&] { return name_of(order) + " was never placed"; });
  }
}

}  // namespace millrace::orders::audit
