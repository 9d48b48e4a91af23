// Decision core of payments: applies a request to the account of a customer. Life of a charge:
//
//                    no credit, or the gateway declines
//        AUTHORISE ─────────────────────────────────────▶ DECLINED
//            │                                              ▲
//            └──▶ AUTHORISED ──CAPTURE──▶ CAPTURED          │
//                     │   └─────CAPTURE, declined ──────────┘
//                     │                     │
//                     └──────REFUND─────────┴──▶ REFUNDED      any ──SETTLE──▶ forgotten
//
// A charge stays until its order is final, so that a duplicate request gets the first answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/stage/keyed.hpp"
#include "apps/orders/chance.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Credit limit of each customer, as a pure function of (seed, customer id): a share `poor_rate`
/// has `poor_limit_minor`, the others have `limit_minor`.
struct CreditPlan {
  std::uint64_t seed = 0;
  std::int64_t limit_minor = 1'000'000'000'000;
  double poor_rate = 0.005;  ///< 0 to 1
  std::int64_t poor_limit_minor = 500;

  [[nodiscard]] std::int64_t limit(std::string_view customer_id) const {
    return Chance(seed, "credit", customer_id).happens(poor_rate) ? poor_limit_minor : limit_minor;
  }
};

/// Opens the account at the first request of a customer, with the currency of the request; else
/// does nothing.
void open_account(Keyed<Account>& account, const PaymentRequest& request, const CreditPlan& plan);

/// Returns the gateway call that `request` needs before apply(), or nullopt if none.
[[nodiscard]] std::optional<GatewayCall> gateway_call(const Account& account,
                                                      const PaymentRequest& request);

/// Applies `request` with the final `result` of its gateway call. Returns the answer; nullopt for
/// SETTLE. REQUIRES: `result` is done or declined; ignored if gateway_call() was nullopt.
[[nodiscard]] std::optional<PaymentAnswer> apply(Keyed<Account>& account,
                                                 const PaymentRequest& request,
                                                 GatewayResult result);

}  // namespace millrace::orders
