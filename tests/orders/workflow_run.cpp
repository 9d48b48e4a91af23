#include "tests/orders/workflow_run.hpp"

#include "apps/orders/queues.hpp"
#include "apps/orders/workflow/wiring.hpp"

namespace millrace::orders::testing {
namespace {

/// Orders, answers and timeouts never become dead letters: their handlers cannot fail. Requests
/// whose answer no saga waits for are always redriven, as an operator would do.
Mortality mortality_of(const std::string& queue, const std::string& payload) {
  if (queue == stock_queue().name()) {
    StockRequest request;
    request.ParseFromString(payload);
    return request.verb() == RELEASE ? Mortality::redriven : Mortality::mortal;
  }
  if (queue == payments_queue().name()) {
    PaymentRequest request;
    request.ParseFromString(payload);
    return request.verb() == SETTLE ? Mortality::redriven : Mortality::mortal;
  }
  if (queue == shipping_queue().name()) return Mortality::mortal;
  if (queue == notifications_queue().name()) return Mortality::redriven;
  return Mortality::immortal;
}

void place(MiniPipeline& pipeline, const LoadPlan& load, std::uint64_t number) {
  const OrderPlaced order = load.order(number);
  pipeline.offer(placed_queue().name(), order.order_id(), order.SerializeAsString(),
                 load.idempotency_key(number));
}

void resume_paused(MiniPipeline& pipeline, std::uint64_t seed) {
  const DurableView view = pipeline.view(1);
  for (const QueueView& queue : view.queues) {
    if (queue.name != events_queue().name()) continue;
    for (const KeyView& key : queue.keys) {
      Order order;
      order.ParseFromString(key.value);
      if (order.status() != PAUSED || !Chance(seed, "resume", key.key).happens(0.5)) continue;
      OrderEvent event;
      event.set_order_id(key.key);
      event.mutable_resume();
      pipeline.offer(queue.name, key.key, event.SerializeAsString());
    }
  }
}

audit::Witness witness_of(const WorkflowOptions& options,
                          const std::shared_ptr<MemoryGatewayBooks>& books,
                          const std::shared_ptr<const LoadPlan>& load) {
  audit::Witness witness;
  for (std::uint64_t i = 0; i < options.orders; ++i) {
    witness.attempted.push_back(true);
    witness.ok.push_back(!Chance(options.seed, "unconfirmed", i).happens(0.05));
  }
  witness.order_id = LoadPlan::order_id;
  witness.placed = [load](std::uint64_t number) {
    return audit::PlacedOrder{load->order(number), load->is_valid(number)};
  };
  witness.gateway = [books](std::string_view order_id) {
    const GatewayBook& book = books->book(order_id);
    return audit::GatewayFacts{book.captures, book.captured_minor, book.refunded_minor};
  };
  return witness;
}

}  // namespace

WorkflowRun run_workflow(const WorkflowOptions& options) {
  WorkflowRun run;
  SimulatedGateway::Options gateway{.seed = options.seed,
                                    .faults = GatewayFaults::at_rate(options.gateway_faults)};
  OrderWorkflow workflow;
  workflow.stock = std::make_shared<StockPlan>(
      StockPlan::Options{.seed = options.seed,
                         .skus = options.skus,
                         .orders = options.orders,
                         .scarce_in = options.is_usual_load ? 40U : 10U});
  workflow.gateway = std::make_shared<SimulatedGateway>(gateway, *run.books, [](auto) {});
  if (options.wrap_gateway) workflow.gateway = options.wrap_gateway(workflow.gateway);
  workflow.credit.seed = options.seed;
  workflow.shipping.seed = options.seed;
  LoadPlan::Options load_options{.seed = options.seed,
                                 .orders = options.orders,
                                 .customers = options.customers,
                                 .skus = options.skus};
  if (!options.is_usual_load) {
    workflow.credit.poor_rate = 0.03;
    workflow.shipping.failure_rate = 0.03;
    load_options.invalid_rate = 0.03;
    load_options.repeat_rate = 0.1;
  }
  run.load = std::make_shared<const LoadPlan>(load_options);
  const LoadPlan& load = *run.load;

  MiniPipeline pipeline(order_pipeline(workflow), options.seed, options.mischief, mortality_of,
                        options.sabotage);
  for (std::uint64_t i = 0; i < options.orders; ++i) {
    place(pipeline, load, i);
    for (int step = 0; step < options.steps_per_order; ++step) pipeline.step();
    if (i >= 5 && load.repeat(i - 5) != Repeat::none) place(pipeline, load, i - 5);
  }
  while (pipeline.step()) {
  }
  resume_paused(pipeline, options.seed);
  while (pipeline.step()) {
  }

  run.view = pipeline.view(4);
  run.dead_letters = pipeline.dead_letters();
  run.handler_time = pipeline.handler_time();
  run.handled = pipeline.handled();
  run.witness = witness_of(options, run.books, run.load);
  run.facts = {.seed = options.seed,
               .skus = options.skus,
               .initial_stock = [stock = workflow.stock](std::string_view sku) {
                 return stock->initial(sku);
               }};
  return run;
}

}  // namespace millrace::orders::testing
