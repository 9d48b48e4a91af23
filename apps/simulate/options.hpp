// What `millrace simulate` was asked to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/stock/stock_plan.hpp"
#include "apps/report/terminal.hpp"

namespace millrace::simulate {

struct Options {
  std::uint64_t orders = 20'000;
  std::uint32_t customers = 0;  ///< 0: a tenth of the orders, at least 100
  std::uint32_t skus = 1'000;
  std::string arrival = "closed:2000";
  double gateway_faults = 0.01;  ///< share of askings that go wrong, 0 to 1
  std::uint64_t seed = 0;        ///< 0: from the system
  std::uint32_t crashes = 0;     ///< how often the node is killed
  std::uint32_t shards = 2;
  std::uint64_t checkpoint_bytes = 0;  ///< of log between checkpoints; 0: the runtime's default
  std::filesystem::path data_dir{};    ///< empty: a temporary one, removed after a PASS
  std::filesystem::path report_dir{};  ///< empty: no report is written
  bool json = false;
  report::ColorChoice color = report::ColorChoice::automatic;
};

/// The load that they ask for, and the stock to meet it: the same for the node and for the audit.
[[nodiscard]] orders::LoadPlan::Options load_options(const Options& options);
[[nodiscard]] orders::StockPlan::Options stock_options(const Options& options);

/// The command line that makes `program` the node of a simulation with these options.
[[nodiscard]] std::vector<std::string> node_arguments(const Options& options, int witness_fd);

}  // namespace millrace::simulate
