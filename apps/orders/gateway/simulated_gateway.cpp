#include "apps/orders/gateway/simulated_gateway.hpp"

#include <algorithm>

#include "messages/hash.hpp"

namespace millrace::orders {
namespace {

/// Records an executed call. Sets amounts instead of adding, and sets `is_executed` last: a process
/// that is killed in between repeats the same writes after its restart.
void enter(const GatewayCall& call, GatewayBook& book, GatewayBook::Operation& operation) {
  switch (call.operation) {
    case GatewayOperation::authorise:
      break;
    case GatewayOperation::capture:
      book.captured_minor = call.amount_minor;
      book.captures = 1;
      break;
    case GatewayOperation::refund:
      book.refunded_minor = book.captured_minor;
      break;
  }
  operation.is_executed = true;
}

/// Records an operation that was executed before under another call id: a fault of the caller,
/// which a real gateway would execute again.
void enter_again(const GatewayCall& call, GatewayBook& book) {
  if (call.operation == GatewayOperation::capture) {
    book.captured_minor += call.amount_minor;
    ++book.captures;
  }
}

}  // namespace

GatewayResult SimulatedGateway::carry_out(const GatewayCall& call, GatewayBook& book,
                                          Chance& chance) const {
  GatewayBook::Operation& operation = book.operations[static_cast<std::size_t>(call.operation)];
  const GatewayFaults& faults = options_.faults;
  if (Chance(options_.seed, "stuck", call.call_id).happens(faults.stuck)) {
    return GatewayResult::failed;
  }
  if (chance.happens(faults.failed)) return GatewayResult::failed;

  const std::uint64_t id = hash_key(call.call_id);
  if (operation.is_executed && operation.call != id) {
    enter_again(call, book);
    operation.call = id;
  } else if (!operation.is_executed) {
    operation.call = id;
    operation.is_declined =
        call.operation == GatewayOperation::authorise &&
        Chance(options_.seed, "declined", call.call_id).happens(faults.declined);
    enter(call, book, operation);
  }
  if (chance.happens(faults.unknown)) return GatewayResult::unknown;
  return operation.is_declined ? GatewayResult::declined : GatewayResult::done;
}

std::vector<GatewayAnswer> SimulatedGateway::call(std::span<const GatewayCall> calls) {
  std::vector<GatewayAnswer> answers;
  std::vector<GatewayAnswer> repeats;
  std::chrono::microseconds latency{0};
  for (const GatewayCall& call : calls) {
    GatewayBook& book = books_.book(call.order_id);
    const std::uint32_t tries = ++book.operations[static_cast<std::size_t>(call.operation)].tries;
    Chance chance(options_.seed + tries, "asking", call.call_id);
    answers.push_back({call.call_id, carry_out(call, book, chance)});
    if (chance.happens(options_.faults.twice)) repeats.push_back(answers.back());
    const auto extra = static_cast<std::int64_t>(
        chance.below(static_cast<std::uint64_t>(options_.latency.count()) + 1));
    latency = std::max(latency, chance.happens(options_.faults.slow)
                                    ? options_.slow_latency
                                    : options_.latency + std::chrono::microseconds(extra));
  }
  answers.insert(answers.end(), repeats.begin(), repeats.end());
  sleep_(latency);
  return answers;
}

}  // namespace millrace::orders
