#include "apps/simulate/standalone.hpp"

#include <memory>
#include <mutex>
#include <string_view>

#include "actors/pipeline/pipeline.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/wiring.hpp"
#include "apps/simulate/gateway_actor.hpp"
#include "apps/simulate/options.hpp"

namespace millrace::simulate {
namespace {

constexpr std::size_t gateway_desks = 8;

/// Books that several desks write, each its own page.
class SharedBooks final : public orders::GatewayBooks {
 public:
  orders::GatewayBook& book(std::string_view order_id) override {
    const std::lock_guard lock(mutex_);
    return books_.book(order_id);
  }

 private:
  std::mutex mutex_;
  orders::MemoryGatewayBooks books_;
};

struct OwnGateway {
  explicit OwnGateway(std::uint64_t seed)
      : host({.seed = seed, .faults = orders::GatewayFaults::at_rate(0)}, books, gateway_desks) {}

  SharedBooks books;
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
