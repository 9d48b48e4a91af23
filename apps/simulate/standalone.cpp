#include "apps/simulate/standalone.hpp"

#include <memory>

#include "actors/pipeline/pipeline.hpp"
#include "apps/orders/gateway/gateway_books.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/workflow/wiring.hpp"
#include "apps/simulate/node/shell/gateway_host.hpp"
#include "apps/simulate/plan/options.hpp"

namespace millrace::simulate {
namespace {

constexpr std::size_t standalone_gateway_desks = 8;
constexpr std::size_t gateway_pages = 200'000;

struct OwnGateway {
  explicit OwnGateway(std::uint64_t seed)
      : host({.seed = seed, .faults = orders::GatewayFaults::at_rate(0)}, books,
             standalone_gateway_desks) {}

  orders::RecentGatewayBooks books{gateway_pages};
  GatewayHost host;
};

}  // namespace

std::vector<PipelineSpec> standalone_pipelines() {
  Options load;
  load.seed = 1;
  orders::OrderWorkflow workflow;
  workflow.stock = std::make_shared<const orders::StockPlan>(stock_options(load));
  const auto own = std::make_shared<OwnGateway>(load.seed);
  workflow.gateway = std::shared_ptr<orders::Gateway>(own, &own->host);
  workflow.credit.seed = load.seed;
  workflow.shipping.seed = load.seed;
  return {orders::order_pipeline(workflow), pipeline("customers")
                                                .from(orders::finished_queue())
                                                .then("told", [](const orders::OrderFinished&) {})};
}

}  // namespace millrace::simulate
