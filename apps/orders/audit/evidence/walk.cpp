#include "apps/orders/audit/evidence/check.hpp"

namespace millrace::orders::audit {
namespace {

using Checks = std::span<const std::unique_ptr<Check>>;

class Walker {
 public:
  Walker(const DurableView& view, Checks checks, WalkResult& result)
      : view_(view), checks_(checks), readable_(result.readable) {}

  /// Calls `on_record` of each check for each key of the queue. `order_of_key` and `order_of`
  /// return the order of a key and of a history entry.
  template <class State, class Entry, class OrderOf, class OrderOfKey>
  void show_keys(const std::string& queue, void (Check::*on_record)(const KeyRecord<State, Entry>&),
                 OrderOf order_of, OrderOfKey order_of_key) {
    State state;
    std::vector<Recorded<Entry>> entries;
    for (const QueueView& shard : view_.queues) {
      if (shard.name != queue) continue;
      for (const KeyView& key : shard.keys) {
        if (!state.ParseFromString(key.value)) unreadable(shard, key);
        const OrderNumber order = order_of_key(key, state);
        entries.resize(key.history.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
          if (!entries[i].entry.ParseFromString(key.history[i].value)) unreadable(shard, key);
          entries[i].order = order_of(entries[i].entry, order);
        }
        const KeyRecord<State, Entry> record{key, state, entries, order};
        for (const auto& check : checks_) ((*check).*on_record)(record);
      }
    }
  }

  void show_queues() {
    for (const QueueView& queue : view_.queues) {
      for (const auto& check : checks_) {
        check->on_queue(queue);
        for (const KeyView& key : queue.keys) check->on_key(queue, key);
      }
    }
  }

 private:
  void unreadable(const QueueView& queue, const KeyView& key) {
    readable_.held = false;
    if (readable_.violations++ == 0) {
      readable_.first_violation = "queue " + queue.name + ", key " + key.key + " does not parse";
    }
  }

  const DurableView& view_;
  Checks checks_;
  InvariantReport& readable_;
};

std::size_t count_orders(const DurableView& view) {
  std::size_t orders = 0;
  for (const QueueView& queue : view.queues) {
    if (queue.name == "orders.events") orders += queue.keys.size();
  }
  return orders;
}

/// Replaces the terms stored by the sagas by the terms that the customers placed.
void take_placed(OrderIndex& index, const Witness& witness) {
  if (!witness.placed) return;
  for (std::uint64_t number = 0; number < witness.attempted.size(); ++number) {
    if (!witness.attempted[number]) continue;
    const OrderNumber order = index.find(witness.order_id(number));
    if (order == no_order) continue;
    const PlacedOrder placed = witness.placed(number);
    index[order].terms = terms_of(placed.order);
    index[order].is_placed = true;
    index[order].is_valid = placed.is_valid;
  }
}

}  // namespace

WalkResult walk(const DurableView& view, const Witness& witness, Checks checks) {
  const std::size_t orders = count_orders(view);
  WalkResult result{OrderIndex(orders), {"readable", "every state and history entry parses"}};
  OrderIndex& index = result.index;
  for (const auto& check : checks) check->begin(index, orders);

  Walker walker(view, checks, result);
  const auto of_key = [](const auto& /*entry*/, OrderNumber key) {
    return key;
  };
  const auto of_entry = [&index](const auto& entry, OrderNumber /*key*/) {
    return index.find(entry.order_id());
  };
  const auto find_key = [&index](const KeyView& key, const auto& /*state*/) {
    return index.find(key.key);
  };
  const auto no_key = [](const KeyView& /*key*/, const auto& /*state*/) {
    return no_order;
  };

  walker.show_queues();
  walker.show_keys<Order, OrderEntry>(
      "orders.events", &Check::on_order, of_key, [&index](const KeyView& key, const Order& state) {
        const OrderNumber order = index.add(key.key);
        index[order] = {key.key, state.status(), state.invoice_minor(),
                        static_cast<std::uint32_t>(state.lines_size()), terms_of(state)};
        return order;
      });
  take_placed(index, witness);
  walker.show_keys<Stock, StockEffect>("stock.requests", &Check::on_stock, of_entry, no_key);
  walker.show_keys<Account, PaymentEffect>("payments.requests", &Check::on_account, of_entry,
                                           no_key);
  walker.show_keys<Shipment, ShipmentEffect>("shipping.requests", &Check::on_shipment, of_key,
                                             find_key);
  walker.show_keys<Notified, NotificationEffect>("orders.notifications", &Check::on_inbox, of_entry,
                                                 no_key);
  walker.show_keys<Validated, ValidationEffect>("orders.placed", &Check::on_validated, of_key,
                                                find_key);
  for (const auto& check : checks) check->finish(witness);
  return result;
}

}  // namespace millrace::orders::audit
