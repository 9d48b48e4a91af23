// Watch: the parent process of a simulation: observes the nodes, drives the faults, stops the nodes
// at the end, and samples the values that the report plots.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/report/progress.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/fault_driver.hpp"
#include "apps/simulate/fleet/fleet.hpp"
#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Not thread-safe. The references passed to the constructor must outlive this object.
class Watch {
 public:
  /// `database`: as for FaultDriver.
  Watch(const Options& options, Fleet& fleet, WitnessMemory& witness, servers::Database* database,
        report::RunReport& report);

  /// Reason why a run ended.
  enum class End : std::uint8_t {
    at_rest,      ///< every order finished, every queue empty
    stalled,      ///< no progress; RunReport::failure describes the state
    failed,       ///< a node failed; RunReport::failure gives the reason
    interrupted,  ///< SIGINT or SIGTERM, see interruption.hpp
  };

  /// Runs until the end. Blocks; all node processes have ended when it returns.
  [[nodiscard]] End run();

 private:
  std::optional<End> step();
  std::optional<End> note_ended(const Fleet::Ended& ended);
  std::optional<End> end_where_at_rest();
  [[nodiscard]] bool is_at_rest();
  void end_nodes();
  [[nodiscard]] End fail(std::string why);
  [[nodiscard]] End give_up();
  void wait() const;
  void look();
  void note_movement();
  void take_sample(double t_s);
  [[nodiscard]] double elapsed_s() const;

  struct Queue {
    std::uint64_t queued = 0;
    std::uint64_t redelivered = 0;
    std::uint64_t dead = 0;
  };
  /// Counts by queue name, summed over all nodes.
  [[nodiscard]] std::map<std::string, Queue> queues() const;

  const Options& options_;
  Fleet& fleet_;
  WitnessMemory& witness_;
  report::RunReport& report_;
  SystemClock clock_;
  report::Progress progress_;
  TimeUs began_us_;
  FaultDriver faults_;
  bool is_ending_ = false;  ///< all nodes were asked to stop
  std::vector<std::uint32_t>
      rest_from_;  ///< NodePage::rest_looks of each node when all were first idle
  std::uint64_t finished_last_ = 0;
  std::uint64_t waiting_last_ = 0;
  std::uint64_t gone_last_ = 0;
  TimeUs moved_us_;
  double sampled_s_ = -1;
  LatencyHistogram sampled_latency_;
};

}  // namespace millrace::simulate
