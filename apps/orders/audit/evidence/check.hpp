// Check: the base class of the checks, one per invariant; and walk(), which passes the data of the
// nodes to all checks.
//
// walk() calls begin(), on_order() for every order (the index is complete afterwards), then
// on_stock(), on_account(), on_shipment(), on_inbox(), on_validated(), and last finish(). Each key
// is passed once, with its whole history, so a check stores only data that it compares across keys.
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
  OrderNumber order = no_order;  ///< named by the entry, or by its key
};

/// One key: its parsed state and history. `order` is set if the key is an order id. References are
/// valid during the call only.
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

  /// Called first. There are at most `orders` orders. `index` is filled during on_order() calls and
  /// is valid until finish() returns.
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

  /// Number of violations in which an effect occurred more often than allowed.
  [[nodiscard]] std::uint64_t duplicated() const { return duplicated_; }

 protected:
  /// Allocates the per-order data of the check.
  virtual void resize(std::size_t /*orders*/) {}

  [[nodiscard]] const OrderIndex& index() const { return *index_; }

  /// Records a violation. Calls `text` only for the first one.
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
  InvariantReport readable;  ///< every state and history entry was parsed
};

/// Passes `view` to `checks`, in the order stated at the top of this file.
[[nodiscard]] WalkResult walk(const DurableView& view, const Witness& witness,
                              std::span<const std::unique_ptr<Check>> checks);

}  // namespace millrace::orders::audit
