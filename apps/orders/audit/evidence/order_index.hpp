// OrderIndex: all orders that the nodes hold, numbered, with the terms under which they were
// placed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/orders/orders.pb.h"

namespace millrace::orders::audit {

[[nodiscard]] inline std::uint64_t digest_of(const std::string& text) {
  return std::hash<std::string>{}(text);
}

/// Digest of one line. Digests are summed, so that the order of lines does not matter; a duplicate
/// line changes the sum.
[[nodiscard]] inline std::uint64_t digest_of_line(std::uint32_t line, const std::string& sku,
                                                  std::uint32_t quantity) {
  std::uint64_t sum = digest_of(sku);
  for (const std::uint64_t part : {std::uint64_t{line} + 1, std::uint64_t{quantity} + 1}) {
    sum = (sum ^ part) * 0x9E3779B97F4A7C15u;
    sum ^= sum >> 29;
  }
  return sum;
}

template <class Lines>
[[nodiscard]] std::uint64_t digest_of_lines(const Lines& lines) {
  std::uint64_t sum = 0;
  std::uint32_t number = 0;
  for (const auto& line : lines) sum += digest_of_line(number++, line.sku(), line.quantity());
  return sum;
}

struct OrderTerms {
  std::uint64_t customer = 0;  ///< digest of the customer's id
  std::uint64_t goods = 0;     ///< digest of the lines
  std::int64_t amount_minor = 0;

  friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

/// Terms of an OrderPlaced or of the Order of a saga.
template <class AnyOrder>
[[nodiscard]] OrderTerms terms_of(const AnyOrder& order) {
  OrderTerms terms{digest_of(order.customer_id()), digest_of_lines(order.lines()),
                   order.freight_minor()};
  for (const auto& line : order.lines()) {
    terms.amount_minor += std::int64_t{line.quantity()} * line.unit_price_minor();
  }
  return terms;
}

/// Position in the index.
using OrderNumber = std::uint32_t;
inline constexpr OrderNumber no_order = ~OrderNumber{0};

struct OrderFacts {
  std::string_view id;  ///< refers to the DurableView
  Status status = STATUS_UNKNOWN;
  std::int64_t invoice_minor = 0;
  std::uint32_t lines = 0;
  OrderTerms terms{};      ///< as placed; if unknown, as stored by the saga
  bool is_placed = false;  ///< `terms` are as placed by the customer
  bool is_valid = true;    ///< the order was valid when placed

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

  /// Returns the number of the order; adds the order if it is new. `id` must outlive the index.
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
