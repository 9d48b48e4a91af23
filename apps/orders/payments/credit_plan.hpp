// CreditPlan: how much credit each customer has.
#pragma once

#include <cstdint>
#include <string_view>

#include "apps/orders/chance.hpp"

namespace millrace::orders {

/// Pure function of (seed, customer id): nearly everybody has plenty, a few next to nothing.
struct CreditPlan {
  std::uint64_t seed = 0;
  std::int64_t limit_minor = 1'000'000'000'000;
  double poor_rate = 0.005;  ///< 0 to 1
  std::int64_t poor_limit_minor = 500;

  [[nodiscard]] std::int64_t limit(std::string_view customer_id) const {
    return Chance(seed, "credit", customer_id).happens(poor_rate) ? poor_limit_minor : limit_minor;
  }
};

}  // namespace millrace::orders
