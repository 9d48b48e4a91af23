// Stage saga: leads one order from placed to final.
#pragma once

#include "actors/pipeline/context.hpp"
#include "actors/pipeline/keyed.hpp"
#include "actors/pipeline/outcome.hpp"
#include "actors/pipeline/routed.hpp"
#include "apps/orders/saga/saga_core.hpp"
#include "messages/orders.pb.h"

namespace millrace::orders {

/// Keyed by order id. The thin shell of saga_core: turns what that decides into messages to the
/// other stages, history entries and the one timer of the order, named "answer".
class Saga {
 public:
  explicit Saga(SagaOptions options = {}) : options_(options) {}

  Outcome<Routed> operator()(const OrderEvent& event, Keyed<Order>& order,
                             const Context& context) const;

 private:
  SagaOptions options_;
};

}  // namespace millrace::orders
