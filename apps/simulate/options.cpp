#include "apps/simulate/options.hpp"

namespace millrace::simulate {

orders::LoadPlan::Options load_options(const Options& options) {
  return {.seed = options.seed,
          .orders = options.orders,
          .customers = options.customers,
          .skus = options.skus};
}

orders::StockPlan::Options stock_options(const Options& options) {
  return {.seed = options.seed, .skus = options.skus, .orders = options.orders};
}

std::vector<std::string> node_arguments(const Options& options, int witness_fd) {
  return {"simulate-node",
          "--orders=" + std::to_string(options.orders),
          "--customers=" + std::to_string(options.customers),
          "--skus=" + std::to_string(options.skus),
          "--arrival=" + options.arrival,
          "--gateway-faults=" + std::to_string(options.gateway_faults),
          "--seed=" + std::to_string(options.seed),
          "--shards=" + std::to_string(options.shards),
          "--checkpoint-bytes=" + std::to_string(options.checkpoint_bytes),
          "--data-dir=" + options.data_dir.string(),
          "--witness-fd=" + std::to_string(witness_fd)};
}

}  // namespace millrace::simulate
