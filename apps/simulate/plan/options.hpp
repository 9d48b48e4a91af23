// What `millrace simulate` was asked to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/stages/stock_plan.hpp"
#include "apps/report/terminal.hpp"
#include "apps/simulate/plan/fault_plan.hpp"

namespace millrace::simulate {

/// Which node serves which queues.
enum class Placement : std::uint8_t {
  spread,  ///< shards of every queue go round the nodes
  roles,   ///< orders, stock and payments are each on nodes of their own, see cluster_files.cpp
};

struct Options {
  std::uint64_t orders = 20'000;
  std::uint32_t customers = 0;  ///< 0: a tenth of the orders, at least 100
  std::uint32_t skus = 1'000;
  std::string arrival = "closed:2000";
  double gateway_faults = 0.01;          ///< share of askings that go wrong, 0 to 1
  std::uint64_t seed = 0;                ///< 0: from the system
  std::uint32_t nodes = 1;               ///< at most 16
  std::uint32_t crashes = 0;             ///< how often a node is killed
  std::vector<FaultKind> fault_kinds{};  ///< others, too; in the order given
  std::uint32_t fault_count = 0;         ///< of all those kinds; 0: two of each
  Placement placement = Placement::spread;
  std::uint32_t shards = 0;            ///< 0: two a node
  std::uint64_t checkpoint_bytes = 0;  ///< of log between checkpoints; 0: the runtime's default
  std::filesystem::path data_dir{};    ///< empty: a temporary one, removed after a PASS
  std::filesystem::path report_dir{};  ///< empty: no report is written
  bool json = false;
  report::ColorChoice color = report::ColorChoice::automatic;
};

/// The load that they ask for, and the stock to meet it: the same for the node and for the audit.
[[nodiscard]] orders::LoadPlan::Options load_options(const Options& options);
[[nodiscard]] orders::StockPlan::Options stock_options(const Options& options);

/// What one node is told beside.
struct NodeOptions {
  std::uint32_t node = 0;           ///< number, from 0
  std::filesystem::path config{};   ///< its config file; empty: there is none
  std::vector<std::string> sets{};  ///< "key=value", as in millrace node --set
};

/// Name of a node: "node-1" is number 0.
[[nodiscard]] std::string node_name(std::uint32_t node);

/// The command line that makes this program a node of a simulation with these options.
[[nodiscard]] std::vector<std::string> node_arguments(const Options& options,
                                                      const NodeOptions& node, int witness_fd);

}  // namespace millrace::simulate
