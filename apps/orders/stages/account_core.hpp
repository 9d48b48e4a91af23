// Decision core of payments: what a request does to a customer's account.
//
//                    no credit, or the gateway declines
//        AUTHORISE ─────────────────────────────────────▶ DECLINED
//            │                                              ▲
//            └──▶ AUTHORISED ──CAPTURE──▶ CAPTURED          │
//                     │   └─────CAPTURE, declined ──────────┘
//                     │                     │
//                     └──────REFUND─────────┴──▶ REFUNDED      any ──SETTLE──▶ forgotten
//
// A charge stays until its order is final, so that a repeated request gets the first answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/stage/keyed.hpp"
#include "apps/orders/chance.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/orders.pb.h"

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

/// Opens the account of a customer seen for the first time; the currency is that of the request.
void open_account(Keyed<Account>& account, const PaymentRequest& request, const CreditPlan& plan);

/// What the gateway must be asked before `request` can be answered; nullopt: nothing.
[[nodiscard]] std::optional<GatewayCall> gateway_call(const Account& account,
                                                      const PaymentRequest& request);

/// Applies `request`, and what the gateway made of it, which is final: done or declined. Without
/// a gateway call `result` has no meaning. Returns the answer; none for SETTLE.
[[nodiscard]] std::optional<PaymentAnswer> apply(Keyed<Account>& account,
                                                 const PaymentRequest& request,
                                                 GatewayResult result);

}  // namespace millrace::orders
