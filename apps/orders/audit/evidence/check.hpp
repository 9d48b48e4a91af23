// Check: one invariant, which is shown all that the nodes hold, key by key.
//
// The walk shows every order first (so that the index is complete from then on), then stock,
// accounts, shipments, inboxes and validations, and ends with finish(). Each key is shown once,
// with its whole history; a check keeps only what it must compare across keys.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "actors/store/durable_view.hpp"
#include "apps/orders/audit/evidence/order_index.hpp"
#include "apps/orders/audit/evidence/report.hpp"
#include "apps/orders/audit/evidence/witness.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders::audit {

/// One entry of a history, parsed.
template <class Entry>
struct Recorded {
  Entry entry;
  OrderNumber order = no_order;  ///< that it names, or whose key it is under
};

/// One key: its state and history, parsed. `order` is set where the key is an order id.
template <class State, class Entry>
struct KeyRecord {
  const KeyView& view;
  const State& state;
  std::span<const Recorded<Entry>> entries;
  OrderNumber order = no_order;
};

using OrderRecord = KeyRecord<Order, OrderEntry>;
using StockRecord = KeyRecord<Stock, StockEffect>;
using AccountRecord = KeyRecord<Account, PaymentEffect>;
using ShipmentRecord = KeyRecord<Shipment, ShipmentEffect>;
using InboxRecord = KeyRecord<Notified, NotificationEffect>;
using ValidatedRecord = KeyRecord<Validated, ValidationEffect>;

class Check {
 public:
  Check(std::string name, std::string title) { report_ = {std::move(name), std::move(title)}; }
  virtual ~Check() = default;

  /// Before anything else. There will be at most `orders` orders. `index` fills while orders are
  /// shown, and stays until finish() has returned.
  virtual void begin(const OrderIndex& index, std::size_t orders) {
    index_ = &index;
    resize(orders);
  }

  virtual void on_queue(const QueueView& /*queue*/) {}
  virtual void on_key(const QueueView& /*queue*/, const KeyView& /*key*/) {}
  virtual void on_order(const OrderRecord& /*order*/) {}
  virtual void on_stock(const StockRecord& /*stock*/) {}
  virtual void on_account(const AccountRecord& /*account*/) {}
  virtual void on_shipment(const ShipmentRecord& /*shipment*/) {}
  virtual void on_inbox(const InboxRecord& /*inbox*/) {}
  virtual void on_validated(const ValidatedRecord& /*validated*/) {}
  virtual void finish(const Witness& /*witness*/) {}

  [[nodiscard]] const InvariantReport& report() const { return report_; }

  /// Violations that are an effect which happened more often than it should have.
  [[nodiscard]] std::uint64_t duplicated() const { return duplicated_; }

 protected:
  /// Makes room for what the check keeps for each order.
  virtual void resize(std::size_t /*orders*/) {}

  [[nodiscard]] const OrderIndex& index() const { return *index_; }

  /// Notes a violation. Only the first one's text is made.
  template <class Text>
  void fail(const Text& text) {
    report_.held = false;
    if (report_.violations++ == 0) report_.first_violation = text();
  }

  template <class Text>
  void fail_as_duplicate(const Text& text) {
    ++duplicated_;
    fail(text);
  }

  /// "order o17", for messages.
  [[nodiscard]] std::string name_of(OrderNumber order) const {
    return order == no_order ? "an unknown order" : "order " + std::string(index()[order].id);
  }

 private:
  InvariantReport report_;
  const OrderIndex* index_ = nullptr;
  std::uint64_t duplicated_ = 0;
};

struct WalkResult {
  OrderIndex index;
  InvariantReport readable;  ///< that every state and history entry could be parsed
};

/// Shows `view` to `checks` in the order that check.hpp promises.
[[nodiscard]] WalkResult walk(const DurableView& view, const Witness& witness,
                              std::span<const std::unique_ptr<Check>> checks);

}  // namespace millrace::orders::audit
