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

#include <optional>

#include "actors/stage/keyed.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/payments/credit_plan.hpp"

namespace millrace::orders {

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
