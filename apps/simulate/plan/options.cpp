#include "apps/simulate/plan/options.hpp"

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

std::string node_name(std::uint32_t node) {
  return "node-" + std::to_string(node + 1);
}

std::string process_name(const Options& options, std::uint32_t process) {
  return options.standbys == 0 ? node_name(process) : "process-" + std::to_string(process + 1);
}

std::optional<std::uint32_t> node_number(const std::string& name, std::uint32_t nodes) {
  for (std::uint32_t node = 0; node < nodes; ++node) {
    if (node_name(node) == name) return node;
  }
  return std::nullopt;
}

std::vector<std::string> node_arguments(const Options& options, const NodeOptions& node,
                                        int witness_fd) {
  std::vector<std::string> arguments{
      "simulate-node",
      "--orders=" + std::to_string(options.orders),
      "--customers=" + std::to_string(options.customers),
      "--skus=" + std::to_string(options.skus),
      "--arrival=" + options.arrival,
      "--gateway-faults=" + std::to_string(options.gateway_faults),
      "--seed=" + std::to_string(options.seed),
      "--checkpoint-bytes=" + std::to_string(options.checkpoint_bytes),
      "--process=" + std::to_string(node.process),
      "--witness-fd=" + std::to_string(witness_fd)};
  if (!options.state_cache.empty()) {
    arguments.push_back("--set=runtime.state_cache=" + options.state_cache);
  }
  if (node.node) arguments.push_back("--node=" + std::to_string(*node.node));
  if (!node.config.empty()) arguments.push_back("--config=" + node.config.string());
  for (const std::string& set : node.sets) arguments.push_back("--set=" + set);
  return arguments;
}

}  // namespace millrace::simulate
