#include "apps/simulate/node/load_generator.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "apps/simulate/plan/offers.hpp"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds stop_interval{200};

Error stopped() {
  return {ErrorCode::draining, "the node stops before all orders are placed"};
}

}  // namespace

Result<void> LoadGenerator::run(Sender<orders::OrderPlaced>& sender) {
  std::vector<std::uint64_t> passed(sender.settled().size(), 0);
  for (OfferSequence offers(in_.plan); !offers.is_at_end();) {
    const OrderOffer offer = offers.take();
    if (placing_node(offer.number, in_.witness.head().nodes) != in_.node) continue;
    const orders::OrderPlaced order = in_.plan.order(offer.number);
    const std::uint32_t shard = sender.shard_of(order);
    OrderPage& page = in_.witness.orders()[offer.number];
    if (passed[shard] < sender.settled()[shard]) {
      ++passed[shard];
      note_attempt(page, in_.clock.steady_us());
      page.is_confirmed = 1;
      continue;
    }
    const auto due_us = wait_until_due(offer.number);
    if (!due_us) return stopped();
    note_attempt(page, *due_us);
    auto sent = sender.send(order, {.idempotency_key = in_.plan.idempotency_key(offer.number)},
                            [&page](const Result<void>& result) {
                              if (result) page.is_confirmed = 1;
                            });
    if (!sent) return sent;
  }
  return sender.flush();
}

void LoadGenerator::note_attempt(OrderPage& page, SteadyUs due_us) {
  std::int64_t none = 0;
  if (page.due_us.compare_exchange_strong(none, due_us)) {
    in_.witness.head().node[in_.node].offered += 1;
  }
}

// The schedule counts from the start of the run; restarts of the node do not shift it.
std::optional<SteadyUs> LoadGenerator::wait_until_due(std::uint64_t number) {
  const WitnessHead& head = in_.witness.head();
  const bool is_closed = in_.arrival.is_closed();
  const SteadyUs due_us = head.started_at_us + (is_closed ? 0 : in_.arrival.due(number).count());
  const auto is_due = [&] {
    return is_closed ? number < head.finished() + in_.arrival.in_flight_max()
                     : in_.clock.steady_us() >= due_us;
  };
  while (!is_due()) {
    if (in_.is_stopping) return std::nullopt;
    std::chrono::microseconds span = stop_interval;
    if (!is_closed) {
      const std::chrono::microseconds left(due_us - in_.clock.steady_us());
      span = std::clamp(left, std::chrono::microseconds::zero(), span);
    }
    in_.bell.wait(span, [&] { return in_.is_stopping || is_due(); });
  }
  return is_closed ? in_.clock.steady_us() : due_us;
}

}  // namespace millrace::simulate
