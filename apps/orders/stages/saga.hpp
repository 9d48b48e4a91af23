// Stage saga: leads one order from placed to final.
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

/// Adds the message for one part of a question.
void send(Routed& out, const Order& order, const std::string& order_id, const SagaRequest& request);

/// Adds the message that closes the order's charge; `charge` 0: whichever it has.
void settle(Routed& out, const Order& order, const std::string& order_id, std::uint64_t charge);

}  // namespace millrace::orders
