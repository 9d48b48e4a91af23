// PlantedRun: a run without violations, and functions that plant some in its view or its witness.
#pragma once

#include <functional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/orders/workflow_run.hpp"

namespace millrace::orders::testing {

/// Starts from a run that passes. A test changes the view or the witness and compares broken() with
/// the invariants that the change breaks.
class PlantedRun : public ::testing::Test {
 protected:
  PlantedRun() : run_(clean_run()) {}

  /// Audits the run. Returns the names of the invariants that do not hold.
  [[nodiscard]] std::set<std::string> broken() {
    report_ = run_.audit();
    std::set<std::string> names;
    for (const auto& invariant : report_.invariants) {
      if (!invariant.held) {
        names.insert(invariant.name);
        EXPECT_NE(invariant.first_violation, "") << "a violation without text";
      }
    }
    EXPECT_EQ(report_.passed(), names.empty());
    return names;
  }

  /// Id of an order that ended with `status`; a failure if there is none.
  [[nodiscard]] std::string order_with(Status status) {
    for (const QueueView& queue : run_.view.queues) {
      if (queue.name != "orders.events") continue;
      for (const KeyView& key : queue.keys) {
        Order order;
        order.ParseFromString(key.value);
        if (order.status() == status) return key.key;
      }
    }
    ADD_FAILURE() << "no order is " << Status_Name(status);
    return {};
  }

  QueueView& shard(const std::string& queue, const std::string& key = {}) {
    for (QueueView& candidate : run_.view.queues) {
      if (candidate.name != queue) continue;
      for (const KeyView& view : candidate.keys) {
        if (key.empty() || view.key == key) return candidate;
      }
    }
    ADD_FAILURE() << "no key " << key << " in " << queue;
    return run_.view.queues.front();
  }

  /// The key `name` of a queue, or any of its keys if the name is empty.
  KeyView& key(const std::string& queue, const std::string& name = {}) {
    QueueView& part = shard(queue, name);
    for (KeyView& view : part.keys) {
      if (name.empty() || view.key == name) return view;
    }
    return part.keys.front();
  }

  /// A SKU with more than 20 history entries, more than 20 pieces on hand and none reserved.
  KeyView& busy_sku() {
    for (QueueView& queue : run_.view.queues) {
      if (queue.name != "stock.requests") continue;
      for (KeyView& view : queue.keys) {
        const auto stock = parse<Stock>(view.value);
        if (view.history.size() > 20 && stock.on_hand() > 20 && stock.reserved() == 0) return view;
      }
    }
    ADD_FAILURE() << "no busy SKU";
    return key("stock.requests");
  }

  std::string customer_of(const std::string& order) {
    return parse<Order>(key("orders.events", order).value).customer_id();
  }

  template <class T>
  static T parse(const std::string& bytes) {
    T message;
    EXPECT_TRUE(message.ParseFromString(bytes));
    return message;
  }

  template <class State>
  static void edit(KeyView& key, const std::function<void(State&)>& change) {
    State state = parse<State>(key.value);
    change(state);
    key.value = state.SerializeAsString();
  }

  /// Calls `change` for each entry and stores the entries for which it returns true, at most `max`.
  /// Returns their number; a failure if it is 0.
  template <class Entry>
  static int edit_history(KeyView& key, const std::function<bool(Entry&)>& change,
                          int max = 1'000'000) {
    int changed = 0;
    for (HistoryView& entry : key.history) {
      Entry message = parse<Entry>(entry.value);
      if (changed < max && change(message)) {
        entry.value = message.SerializeAsString();
        ++changed;
      }
    }
    EXPECT_GT(changed, 0) << "nothing was planted";
    return changed;
  }

  template <class Entry>
  static void append(KeyView& key, const Entry& entry) {
    const HistoryView last =
        key.history.empty() ? HistoryView{1, run_end_us, {}} : key.history.back();
    key.history.push_back({last.input, last.at_us, entry.SerializeAsString()});
  }

  template <class Entry>
  static void remove(KeyView& key, const std::function<bool(const Entry&)>& matches) {
    const auto removed = std::erase_if(
        key.history, [&](const HistoryView& e) { return matches(parse<Entry>(e.value)); });
    EXPECT_GT(removed, 0u) << "nothing was planted";
  }

  /// Appends an entry to the history of `sku` and updates its state consistently.
  static void append_stock(KeyView& sku, StockEffect::Kind kind, const std::string& order,
                           std::uint32_t line, std::uint32_t quantity) {
    edit<Stock>(sku, [&](Stock& stock) {
      stock.set_version(stock.version() + 1);
      const std::int64_t pieces = quantity;
      if (kind == StockEffect::RESERVED) stock.set_reserved(stock.reserved() + pieces);
      if (kind != StockEffect::RESERVED) stock.set_reserved(stock.reserved() - pieces);
      if (kind == StockEffect::CONFIRMED) stock.set_on_hand(stock.on_hand() - pieces);
      StockEffect effect;
      effect.set_kind(kind);
      effect.set_order_id(order);
      effect.set_line(line);
      effect.set_quantity(quantity);
      effect.set_on_hand(stock.on_hand());
      effect.set_reserved(stock.reserved());
      effect.set_version(stock.version());
      append(sku, effect);
    });
  }

  static constexpr TimeUs run_end_us = 1'800'000'000'000'000;
  WorkflowRun run_;
  audit::AuditReport report_;

 private:
  static const WorkflowRun& clean_run() {
    static const WorkflowRun run =
        run_workflow({.seed = 11, .orders = 800, .gateway_faults = 0.02});
    return run;
  }
};

}  // namespace millrace::orders::testing
