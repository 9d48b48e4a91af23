#include "apps/orders/workflow/wiring.hpp"

#include "actors/pipeline/pipeline.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/stages/notify.hpp"
#include "apps/orders/stages/pay.hpp"
#include "apps/orders/stages/saga.hpp"
#include "apps/orders/stages/stock.hpp"
#include "apps/orders/stages/validate.hpp"

namespace millrace::orders {
namespace {

using std::chrono::milliseconds;

/// Orders are given up soon, so that they end, and are found, while the simulation runs.
constexpr RetryOptions brief{.attempts = 6, .first = milliseconds(50)};

/// Large batches with a short window, because the gateway executes the calls of a batch in
/// parallel.
StageOptions through_gateway(std::uint32_t workers) {
  StageOptions options;
  options.workers = workers;
  options.batch = {.max = 256, .window = milliseconds(1)};
  options.retry = {.attempts = 6, .first = milliseconds(50), .max = milliseconds(1'000)};
  options.blocking = true;
  return options;
}

}  // namespace

PipelineSpec order_pipeline(const OrderWorkflow& workflow) {
  return pipeline("orders")
      .from(placed_queue())
      .then("validate", Validate{}, {.retry = brief})
      .to(events_queue())

      .from(events_queue())
      .then("saga", Saga(workflow.saga), {.retry = brief})
      .to(stock_queue(), payments_queue(), shipping_queue(), notifications_queue(),
          finished_queue())

      .from(stock_queue())
      .then("stock", ReserveStock(workflow.stock), {.retry = brief})
      .to(events_queue())

      .from(payments_queue())
      .then_batch("payments", Pay(workflow.gateway, workflow.credit),
                  through_gateway(workflow.payment_workers))
      .to(events_queue())

      .from(shipping_queue())
      .then("shipping", Ship(workflow.shipping), {.retry = brief})
      .to(events_queue())

      .from(notifications_queue())
      .then("notify", Notify{}, {.retry = brief});
}

}  // namespace millrace::orders
