// OrderIndex: every order that the nodes know of, numbered.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/orders/audit/evidence/order_terms.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders::audit {

/// Position in the index.
using OrderNumber = std::uint32_t;
inline constexpr OrderNumber no_order = ~OrderNumber{0};

struct OrderFacts {
  std::string_view id;  ///< refers to the DurableView
  Status status = STATUS_UNKNOWN;
  std::int64_t invoice_minor = 0;
  std::uint32_t lines = 0;
  OrderTerms terms{};      ///< as the customer placed it; where that is not known, as kept
  bool is_placed = false;  ///< `terms` are the customer's
  bool is_valid = true;    ///< the order made sense when it was placed

  [[nodiscard]] bool is_paused() const { return status == PAUSED; }
  [[nodiscard]] bool is_final() const {
    return status == SHIPPED || status == REJECTED || status == OUT_OF_STOCK ||
           status == PAYMENT_FAILED || status == CANCELLED;
  }
};

class OrderIndex {
 public:
  explicit OrderIndex(std::size_t orders) {
    facts_.reserve(orders);
    numbers_.reserve(orders);
  }

  /// Number of the order; a new one where it was not known.
  OrderNumber add(std::string_view id) {
    const auto [entry, is_new] = numbers_.emplace(id, static_cast<OrderNumber>(facts_.size()));
    if (is_new) facts_.push_back({id});
    return entry->second;
  }

  [[nodiscard]] OrderNumber find(std::string_view id) const {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? no_order : found->second;
  }

  [[nodiscard]] std::size_t size() const { return facts_.size(); }
  [[nodiscard]] OrderFacts& operator[](OrderNumber number) { return facts_[number]; }
  [[nodiscard]] const OrderFacts& operator[](OrderNumber number) const { return facts_[number]; }

 private:
  std::vector<OrderFacts> facts_;
  std::unordered_map<std::string_view, OrderNumber> numbers_;
};

}  // namespace millrace::orders::audit
