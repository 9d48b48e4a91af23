// Fixtures for calling handlers directly: a Context, and key state that is kept between calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders::testing {

inline Context context_at(TimeUs now_us = 1'000'000) {
  Context::Facts facts;
  facts.now_us = now_us;
  return Context(facts, "test");
}

/// Durable state and history of one key, as the runtime keeps them.
template <class State>
class KeyStore {
 public:
  explicit KeyStore(std::string key) : key_(std::move(key)) {}

  /// For a handler of messages of type Input; void: that does not say.
  template <class Input = void>
  [[nodiscard]] Keyed<State, Input> open() const {
    return Keyed<State, Input>(key_, value_);
  }

  KeyedChanges commit(Keyed<State>& keyed) {
    KeyedChanges changes = keyed.take_changes();
    if (changes.dirty) value_ = changes.value;
    if (changes.erased) value_.reset();
    history_.insert(history_.end(), changes.history.begin(), changes.history.end());
    return changes;
  }

  [[nodiscard]] State state() const {
    State state;
    if (value_) state.ParseFromString(*value_);
    return state;
  }

  template <class Entry>
  [[nodiscard]] std::vector<Entry> history() const {
    std::vector<Entry> entries;
    for (const std::string& bytes : history_) entries.emplace_back().ParseFromString(bytes);
    return entries;
  }

 private:
  std::string key_;
  std::optional<std::string> value_;
  std::vector<std::string> history_;
};

/// A valid order: `lines` lines of `quantity` pieces at 5.00 each.
inline OrderPlaced valid_order(const std::string& id = "o1", int lines = 2,
                               std::uint32_t quantity = 3) {
  OrderPlaced order;
  order.set_order_id(id);
  order.set_customer_id("c1");
  order.set_currency("EUR");
  order.set_freight_minor(490);
  order.set_total_minor(490);
  for (int i = 0; i < lines; ++i) {
    OrderLine& line = *order.add_lines();
    line.set_sku("s" + std::to_string(i));
    line.set_quantity(quantity);
    line.set_unit_price_minor(500);
    order.set_total_minor(order.total_minor() + quantity * 500);
  }
  return order;
}

}  // namespace millrace::orders::testing
