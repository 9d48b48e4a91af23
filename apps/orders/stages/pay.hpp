// Stage payments: authorises, captures and refunds through the gateway, in batches.
#pragma once

#include <memory>
#include <vector>

#include "actors/stage/batch.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/stages/account_core.hpp"

namespace millrace::orders {

/// Keyed by customer id; a batch stage that blocks during the gateway call. Retries a request whose
/// result is `failed` or `unknown`. The call id consists of order id and operation, so it is the
/// same for retries and for duplicate requests of the saga.
class Pay {
 public:
  Pay(std::shared_ptr<Gateway> gateway, CreditPlan plan)
      : gateway_(std::move(gateway)), plan_(plan) {}

  std::vector<Outcome<OrderEvent>> operator()(Batch<PaymentRequest, Account> batch) const;

 private:
  std::shared_ptr<Gateway> gateway_;
  CreditPlan plan_;
};

}  // namespace millrace::orders
