#include "apps/simulate/node.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/base/pause.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "apps/orders/load/arrival.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/wiring.hpp"
#include "apps/simulate/gateway_actor.hpp"
#include "apps/simulate/offers.hpp"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds look_interval{200};
constexpr std::size_t gateway_desks = 8;

/// Wakes whoever waits for orders to be finished.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  template <class Until>
  void wait(std::chrono::milliseconds span, Until until) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, span, until);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Reads finished orders: the customer's view of the end of an order.
class NoteFinished {
 public:
  NoteFinished(WitnessMemory& witness, Bell& bell, const Clock& clock)
      : witness_(&witness), bell_(&bell), clock_(&clock) {}

  void operator()(const orders::OrderFinished& finished) const {
    const std::uint64_t number = order_number(finished.order_id());
    if (number >= witness_->orders().size()) return;  // the audit will name it
    OrderPage& page = witness_->orders()[number];
    std::uint8_t none = 0;
    // Run again after a crash, it has been noted before.
    if (!page.outcome.compare_exchange_strong(none, static_cast<std::uint8_t>(finished.status()))) {
      return;
    }
    WitnessHead& head = witness_->head();
    const TimeUs now_us = clock_->now_us();
    head.latency.record(std::max<TimeUs>(0, now_us - page.due_us));
    head.last_finished_at_us = now_us;
    head.outcomes[static_cast<std::size_t>(finished.status()) % state_max] += 1;
    std::int64_t not_yet = 0;
    if (++head.finished >= mostly(head.orders)) {
      head.mostly_finished_at_us.compare_exchange_strong(not_yet, now_us);
    }
    bell_->ring();
  }

 private:
  WitnessMemory* witness_;
  Bell* bell_;
  const Clock* clock_;
};

/// Places the orders, in the same sequence at each start; what was durable before is passed over.
class LoadGenerator {
 public:
  LoadGenerator(const orders::LoadPlan& plan, const orders::Arrival& arrival,
                WitnessMemory& witness, Bell& bell, const Clock& clock)
      : plan_(plan), arrival_(arrival), witness_(witness), bell_(bell), clock_(clock) {}

  Result<void> run(Sender<orders::OrderPlaced>& sender) {
    std::vector<std::uint64_t> passed(sender.settled().size(), 0);
    for (OfferSequence offers(plan_); !offers.is_at_end();) {
      const OrderOffer offer = offers.take();
      const orders::OrderPlaced order = plan_.order(offer.number);
      const std::uint32_t shard = sender.shard_of(order);
      OrderPage& page = witness_.orders()[offer.number];
      if (passed[shard] < sender.settled()[shard]) {
        ++passed[shard];
        note_attempt(page, clock_.now_us());
        page.is_confirmed = 1;
        continue;
      }
      note_attempt(page, wait_until_due(offer));
      auto sent = sender.send(order, {.idempotency_key = plan_.idempotency_key(offer.number)},
                              [&page](const Result<void>& result) {
                                if (result) page.is_confirmed = 1;
                              });
      if (!sent) return sent;
    }
    return sender.flush();
  }

 private:
  void note_attempt(OrderPage& page, TimeUs due_us) {
    std::int64_t none = 0;
    if (page.due_us.compare_exchange_strong(none, due_us)) witness_.head().offered += 1;
  }

  // When the order should be placed, as of the start of the run, whatever crashed since.
  TimeUs wait_until_due(const OrderOffer& offer) {
    WitnessHead& head = witness_.head();
    if (arrival_.is_closed()) {
      const auto is_due = [&] {
        return offer.number < head.finished + arrival_.under_way_max();
      };
      while (!is_due()) bell_.wait(look_interval, is_due);
      return clock_.now_us();
    }
    const TimeUs due_us = head.started_at_us + arrival_.due(offer.number).count();
    while (clock_.now_us() < due_us) {
      pause_until(std::chrono::system_clock::time_point(std::chrono::microseconds(due_us)));
    }
    return due_us;
  }

  const orders::LoadPlan& plan_;
  const orders::Arrival& arrival_;
  WitnessMemory& witness_;
  Bell& bell_;
  const Clock& clock_;
};

orders::OrderWorkflow make_workflow(const Options& options, orders::GatewayBooks& books) {
  orders::OrderWorkflow workflow;
  workflow.stock = std::make_shared<const orders::StockPlan>(stock_options(options));
  workflow.gateway = std::make_shared<GatewayHost>(
      orders::SimulatedGateway::Options{
          .seed = options.seed, .faults = orders::GatewayFaults::at_rate(options.gateway_faults)},
      books, gateway_desks);
  workflow.credit.seed = options.seed;
  workflow.shipping.seed = options.seed;
  // A run ends when its slowest order does: one whose payment never succeeds is given up after
  // seconds here, where a shop would wait for minutes.
  workflow.saga.answer_timeout = std::chrono::seconds(2);
  return workflow;
}

/// Shows the queues to whoever watches. True when nothing is left to do in any of them.
bool look_at_queues(Runtime& runtime, WitnessHead& head) {
  bool at_rest = true;
  std::size_t count = 0;
  for (const QueueInfo& info : runtime.queues()) {
    const bool is_dead_letters = info.name.ends_with(".dead");
    if (!is_dead_letters && (info.ledger.queued() > 0 || info.in_flight > 0)) at_rest = false;
    if (count >= queue_max) continue;
    QueuePage& page = head.queues[count++];
    std::strncpy(page.name.data(), info.name.c_str(), page.name.size() - 1);
    page.queued = info.ledger.queued();
    page.redelivered = info.ledger.redelivered;
    page.dead = info.ledger.dead;
  }
  head.queue_count = static_cast<std::uint32_t>(count);
  head.is_storage_full = runtime.is_storage_full() ? 1 : 0;
  return at_rest;
}

Result<void> serve(const Options& options, WitnessMemory& witness) {
  const orders::LoadPlan plan(load_options(options));
  auto arrival = orders::Arrival::parse(options.arrival);
  if (!arrival) return arrival.error();
  WitnessBooks books(witness.orders());
  recount(witness);
  Bell bell;
  const SystemClock clock;

  RuntimeOptions runtime_options;
  runtime_options.data_dir = options.data_dir;
  runtime_options.shards = options.shards;
  runtime_options.seed = options.seed;
  if (options.checkpoint_bytes != 0) {
    runtime_options.checkpoint_log_bytes = options.checkpoint_bytes;
  }
  const auto finished = pipeline("customers")
                            .from(orders::finished_queue())
                            .then("noted", NoteFinished(witness, bell, clock));
  auto runtime = Runtime::start(std::move(runtime_options),
                                {order_pipeline(make_workflow(options, books)), finished});
  if (!runtime) return runtime.error();
  auto sender = (*runtime)->sender(orders::placed_queue(), {.producer = "customers"});
  if (!sender) return sender.error();

  WitnessHead& head = witness.head();
  std::int64_t none = 0;
  head.started_at_us.compare_exchange_strong(none, clock.now_us());
  head.starts += 1;
  LoadGenerator generator(plan, *arrival, witness, bell, clock);
  Result<void> placed;
  std::atomic<bool> is_placed = false;
  std::thread customers([&] {
    placed = generator.run(*sender);
    is_placed = true;
    bell.ring();
  });
  bool at_rest = false;
  while (!at_rest) {
    bell.wait(look_interval, [&] { return false; });
    at_rest =
        look_at_queues(**runtime, head) && is_placed && (!placed || head.finished >= head.orders);
    if (is_placed && !placed) break;
  }
  customers.join();
  if (!placed) return placed;
  return (*runtime)->stop();
}

}  // namespace

int run_node(const Options& options, WitnessMemory& witness) {
  const Result<void> served = serve(options, witness);
  if (served) return 0;
  const std::string failure =
      std::string(to_string(served.error().code)) + ": " + served.error().message;
  std::strncpy(witness.head().failure.data(), failure.c_str(), witness.head().failure.size() - 1);
  return 1;
}

}  // namespace millrace::simulate
