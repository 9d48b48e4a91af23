// Stage payments: authorises, captures and refunds through the gateway, many customers at once.
#pragma once

#include <memory>
#include <vector>

#include "actors/stage/batch.hpp"
#include "actors/stage/outcome.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/stages/account_core.hpp"

namespace millrace::orders {

/// Keyed by customer id; a batch stage that blocks while the gateway works. What the gateway did
/// not settle comes again, with the same call id: the call id names the order and the
/// operation, so that it stays the same also where the saga asks a second time.
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
