// What the auditor is told from outside the nodes: what was asked of them, and what the gateway
// did.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::orders::audit {

/// What the gateway's own books say of one order.
struct GatewayFacts {
  std::uint32_t captures = 0;  ///< with different call ids
  std::int64_t captured_minor = 0;
  std::int64_t refunded_minor = 0;
};

/// What whoever placed the orders knows. Orders are numbered from 0.
struct Witness {
  std::vector<bool> attempted{};  ///< by order number: was offered at least once
  std::vector<bool> ok{};         ///< by order number: an offer of it was confirmed
  std::function<std::string(std::uint64_t)> order_id{};  ///< of an order number
  /// Of an order id. Empty: the gateway's books are not looked at.
  std::function<GatewayFacts(std::string_view)> gateway{};
};

/// What is known of the run.
struct RunFacts {
  std::uint64_t seed = 0;
  std::uint64_t skus = 0;  ///< there are no more than these; 0: not known
};

}  // namespace millrace::orders::audit
