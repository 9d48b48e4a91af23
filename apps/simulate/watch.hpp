// Watch: looks at a running simulation from outside, sees it through its faults to its end, and
// keeps what the report shows over time.
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

class Watch {
 public:
  Watch(const Options& options, Fleet& fleet, WitnessMemory& witness, report::RunReport& report);

  /// How a run came to its end.
  enum class End : std::uint8_t {
    at_rest,      ///< every order finished, every queue empty
    stalled,      ///< nothing moved any more; the report's failure says where it stood
    failed,       ///< a node could not go on; the report's failure says why
    interrupted,  ///< by a signal, see interruption.hpp
  };

  /// Sees the run through to its end. All processes have ended when it returns.
  [[nodiscard]] End run();

 private:
  std::optional<End> step();
  std::optional<End> note_ended(const Fleet::Ended& ended);
  std::optional<End> end_where_at_rest();
  [[nodiscard]] bool is_at_rest();
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
  /// Over all nodes, by name.
  [[nodiscard]] std::map<std::string, Queue> queues() const;

  const Options& options_;
  Fleet& fleet_;
  WitnessMemory& witness_;
  report::RunReport& report_;
  SystemClock clock_;
  report::Progress progress_;
  TimeUs began_us_;
  FaultDriver faults_;
  bool is_ending_ = false;                ///< all nodes have been told to end
  std::vector<std::uint32_t> rest_from_;  ///< looks of each node when all were at rest first
  std::uint64_t finished_last_ = 0;
  std::uint64_t waiting_last_ = 0;
  std::uint64_t gone_last_ = 0;
  TimeUs moved_us_;
  double sampled_s_ = -1;
  LatencyHistogram sampled_latency_;
};

}  // namespace millrace::simulate
