// What the auditor is told from outside the nodes: what was asked of them, and what the gateway
// did.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/orders/orders.pb.h"

namespace millrace::orders::audit {

/// What the gateway's own books say of one order.
struct GatewayFacts {
  std::uint32_t captures = 0;  ///< with different call ids
  std::int64_t captured_minor = 0;
  std::int64_t refunded_minor = 0;
};

/// An order as its customer placed it.
struct PlacedOrder {
  OrderPlaced order;
  bool is_valid = true;  ///< false: it was made to be rejected
};

/// What came in through orders.placed, by those who offered it. Only for runs in which every offer
/// was confirmed.
struct OfferCounts {
  std::uint64_t offers = 0;         ///< repeats included
  std::uint64_t keyed_repeats = 0;  ///< of these, repeats under one Idempotency-Key
};

/// What whoever placed the orders knows. Orders are numbered from 0.
struct Witness {
  std::vector<bool> attempted{};  ///< by order number: was offered at least once
  std::vector<bool> ok{};         ///< by order number: an offer of it was confirmed
  std::function<std::string(std::uint64_t)> order_id{};  ///< of an order number
  /// Of an order number. Empty: what was ordered is taken from the sagas.
  std::function<PlacedOrder(std::uint64_t)> placed{};
  /// The status that the customer was told at the end, of an order number; STATUS_UNKNOWN: none.
  std::function<Status(std::uint64_t)> told{};
  std::optional<OfferCounts> offers{};
  /// Of an order id. Empty: the gateway's books are not looked at.
  std::function<GatewayFacts(std::string_view)> gateway{};
};

/// What is known of the run.
struct RunFacts {
  std::uint64_t seed = 0;
  std::uint64_t skus = 0;  ///< there are no more than these; 0: not known
  /// Pieces of a SKU before the first order. Empty: not known.
  std::function<std::int64_t(std::string_view)> initial_stock{};
};

}  // namespace millrace::orders::audit
