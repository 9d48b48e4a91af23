// Options of `millrace simulate`, and of the node processes that it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/stages/stock_plan.hpp"
#include "apps/report/terminal.hpp"
#include "apps/simulate/plan/fault_plan.hpp"

namespace millrace::simulate {

/// Distribution of queues over nodes.
enum class Placement : std::uint8_t {
  spread,  ///< the shards of every queue are spread over all nodes
  roles,   ///< orders, stock and payments are on different nodes, see cluster_files.cpp
};

/// What keeps the logs of the nodes.
enum class LogKind : std::uint8_t { journal, postgres };

/// complete() fills in the defaults and checks the ranges.
struct Options {
  std::uint64_t orders = 20'000;
  std::uint32_t customers = 0;  ///< 0: a tenth of the orders, at least 100
  std::uint32_t skus = 1'000;
  std::string arrival = "closed:2000";
  double gateway_faults = 0.01;  ///< share of gateway calls that fail, 0 to 1
  std::uint64_t seed = 0;        ///< 0: chosen at random
  std::uint32_t nodes = 1;       ///< at most 16
  std::uint32_t standbys = 0;    ///< processes beyond the nodes, each for any of them; at most 16
  std::uint32_t crashes = 0;     ///< number of kills
  std::vector<FaultKind>
      fault_kinds{};              ///< kinds of further faults, in the order of the command line
  std::uint32_t fault_count = 0;  ///< number of further faults; 0: two of each kind
  Placement placement = Placement::spread;
  LogKind log = LogKind::journal;
  bool follow = true;  ///< standbys follow the logs of the nodes, so that they take over warm
  /// Of a PostgreSQL that runs; empty, with LogKind::postgres: the run starts servers of its own.
  std::string dsn{};
  std::vector<std::string> process_dsns{};  ///< of each process, if not `dsn`
  std::uint32_t shards = 0;                 ///< of each queue; 0: two per node
  std::uint64_t checkpoint_bytes = 0;  ///< of log between checkpoints; 0: the runtime's default
  std::string state_cache{};  ///< as runtime.state_cache; empty: the default of the configuration
  std::filesystem::path data_dir{};    ///< empty: a temporary one, removed after a PASS
  std::filesystem::path report_dir{};  ///< empty: no report is written
  bool json = false;
  report::ColorChoice color = report::ColorChoice::automatic;
};

/// The load and the stock of a run. Nodes and audit derive both from the same options.
[[nodiscard]] orders::LoadPlan::Options load_options(const Options& options);
[[nodiscard]] orders::StockPlan::Options stock_options(const Options& options);

/// Number of processes: one a node, and the standbys.
[[nodiscard]] constexpr std::uint32_t process_count(const Options& options) {
  return options.nodes + options.standbys;
}

/// Options of one node process, in addition to Options.
struct NodeOptions {
  std::uint32_t process = 0;            ///< number, from 0
  std::optional<std::uint32_t> node{};  ///< number, from 0; nullopt: any node that is free
  std::filesystem::path config{};       ///< config file; empty: none
  std::vector<std::string> sets{};      ///< "key=value", as in millrace node --set
};

/// Name of a node: "node-1" is number 0.
[[nodiscard]] std::string node_name(std::uint32_t node);
/// Name of a process: that of its node if there are no standbys, else "process-1" is number 0.
[[nodiscard]] std::string process_name(const Options& options, std::uint32_t process);
/// The node with this name; nullopt: there is none.
[[nodiscard]] std::optional<std::uint32_t> node_number(const std::string& name,
                                                       std::uint32_t nodes);

/// Arguments with which this program runs as node `node` of a simulation.
[[nodiscard]] std::vector<std::string> node_arguments(const Options& options,
                                                      const NodeOptions& node, int witness_fd);

}  // namespace millrace::simulate
