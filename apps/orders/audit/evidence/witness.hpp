// Witness: evidence from outside the nodes: the orders that were placed, and the books of the
// gateway.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/orders/orders.pb.h"

namespace millrace::orders::audit {

/// Books of the gateway for one order.
struct GatewayFacts {
  std::uint32_t captures = 0;  ///< with different call ids
  std::int64_t captured_minor = 0;
  std::int64_t refunded_minor = 0;
};

/// An order as its customer placed it.
struct PlacedOrder {
  OrderPlaced order;
  bool is_valid = true;  ///< false: deliberately invalid
};

/// Offers to orders.placed, counted by the customers. Set only for runs in which every offer was
/// confirmed.
struct OfferCounts {
  std::uint64_t offers = 0;         ///< including duplicates
  std::uint64_t keyed_repeats = 0;  ///< of `offers`: duplicates with the same Idempotency-Key
};

/// Records of the customers and the gateway. Orders are numbered from 0. The functions are called
/// on the thread of the audit and must not throw.
struct Witness {
  std::vector<bool> attempted{};  ///< by order number: was offered at least once
  std::vector<bool> ok{};         ///< by order number: an offer of it was confirmed
  std::function<std::string(std::uint64_t)> order_id{};  ///< of an order number
  /// Order of an order number. Empty: the audit takes the terms from the sagas.
  std::function<PlacedOrder(std::uint64_t)> placed{};
  /// Final status that the customer received, by order number; STATUS_UNKNOWN: none.
  std::function<Status(std::uint64_t)> notified{};
  std::optional<OfferCounts> offers{};
  /// Books of an order id. Empty: the audit skips the gateway.
  std::function<GatewayFacts(std::string_view)> gateway{};
};

/// Parameters of the run.
struct RunFacts {
  std::uint64_t seed = 0;
  std::uint64_t skus = 0;  ///< upper bound of the number of SKUs; 0: unknown
  /// Initial stock of a SKU. Empty: unknown.
  std::function<std::int64_t(std::string_view)> initial_stock{};
  /// The wall clocks of nodes were set during the run: then times say nothing about the order of
  /// what happened, and are not compared.
  bool was_clock_set = false;
};

}  // namespace millrace::orders::audit
