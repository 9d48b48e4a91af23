// Stage saga: drives an order from PLACED to a final status.
#pragma once

#include <cstdint>
#include <string>

#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "actors/stage/routed.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/stages/saga_core.hpp"

namespace millrace::orders {

/// Keyed by order id. Shell of saga_core.hpp: turns a SagaStep into messages to other stages,
/// history entries and the timer "answer" of the order.
class Saga {
 public:
  explicit Saga(SagaOptions options = {}) : options_(options) {}

  Outcome<Routed> operator()(const OrderEvent& event, Keyed<Order, OrderEvent>& order,
                             const Context& context) const;

 private:
  SagaOptions options_;
};

/// Adds the message for one part of a question to `out`.
void send(Routed& out, const Order& order, const std::string& order_id, const SagaRequest& request);

/// Adds the message that closes the charge of the order; `charge` 0: any charge.
void settle(Routed& out, const Order& order, const std::string& order_id, std::uint64_t charge);

}  // namespace millrace::orders
