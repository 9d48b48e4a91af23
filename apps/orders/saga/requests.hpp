// The saga's questions as messages to the stages that answer them.
#pragma once

#include <cstdint>
#include <string>

#include "actors/stage/routed.hpp"
#include "apps/orders/orders.pb.h"
#include "apps/orders/saga/saga_core.hpp"

namespace millrace::orders {

/// Adds the message for one part of a question.
void send(Routed& out, const Order& order, const std::string& order_id, const SagaRequest& request);

/// Adds the message that closes the order's charge; `charge` 0: whichever it has.
void settle(Routed& out, const Order& order, const std::string& order_id, std::uint64_t charge);

}  // namespace millrace::orders
