#include "apps/orders/wiring.hpp"

#include "actors/pipeline/pipeline.hpp"
#include "apps/orders/notify/notify.hpp"
#include "apps/orders/payments/pay.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/saga/saga.hpp"
#include "apps/orders/stock/stock.hpp"
#include "apps/orders/validate/validate.hpp"

namespace millrace::orders {
namespace {

using std::chrono::milliseconds;

/// Batches are for throughput: a stage takes what is there and never waits for more.
StageOptions plain(std::uint32_t workers) {
  StageOptions options;
  options.workers = workers;
  return options;
}

/// Answered by another system: many calls at once, a little patience to gather them.
StageOptions through_gateway(std::uint32_t workers) {
  StageOptions options;
  options.workers = workers;
  options.batch = {.max = 256, .window = milliseconds(1)};
  options.retry = {.attempts = 6, .first = milliseconds(50), .max = milliseconds(1'000)};
  options.blocking = true;
  return options;
}

}  // namespace

std::vector<PipelineSpec> order_pipelines(const OrderWorkflow& workflow) {
  return {
      pipeline("validate")
          .from(placed_queue())
          .then("validate", Validate{}, plain(1))
          .to(events_queue()),
      pipeline("saga")
          .from(events_queue())
          .then("saga", Saga{workflow.saga}, plain(2))
          .to(stock_queue(), payments_queue(), shipping_queue(), notifications_queue(),
              finished_queue()),
      pipeline("stock")
          .from(stock_queue())
          .then("stock", ReserveStock{workflow.stock}, plain(1))
          .to(events_queue()),
      pipeline("payments")
          .from(payments_queue())
          .then_batch("payments", Pay{workflow.gateway, workflow.credit},
                      through_gateway(workflow.payment_workers))
          .to(events_queue()),
      pipeline("shipping")
          .from(shipping_queue())
          .then("shipping", Ship{workflow.shipping}, plain(1))
          .to(events_queue()),
      pipeline("notify").from(notifications_queue()).then("notify", Notify{}, plain(1)).to(),
  };
}

}  // namespace millrace::orders
