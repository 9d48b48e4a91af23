// Watch: looks at a running simulation from outside, kills its node at seeded moments, and keeps
// what the report shows over time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/report/progress.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/crash_plan.hpp"
#include "apps/simulate/node_process.hpp"
#include "apps/simulate/options.hpp"
#include "apps/simulate/witness_memory.hpp"

namespace millrace::simulate {

class Watch {
 public:
  Watch(const Options& options, WitnessMemory& witness, report::RunReport& report);

  /// How a run came to its end.
  enum class End : std::uint8_t {
    at_rest,      ///< every order finished, every queue empty
    stalled,      ///< nothing moved any more; the report's failure says where it stood
    failed,       ///< the node could not go on; the report's failure says why
    interrupted,  ///< by a signal, see interruption.hpp
  };

  /// Sees the run through to its end. The node's process has ended when it returns.
  [[nodiscard]] End run();

 private:
  void start_node();
  void crash();
  [[nodiscard]] End judge(const ProcessEnd& end);
  [[nodiscard]] End give_up();
  void look();
  void note_recovery();
  void note_movement();
  void take_sample(double t_s);
  void note_end(const ProcessEnd& end);
  [[nodiscard]] double elapsed_s() const;
  [[nodiscard]] std::optional<TimeUs> next_crash_us();

  const Options& options_;
  WitnessMemory& witness_;
  report::RunReport& report_;
  SystemClock clock_;
  report::Progress progress_;
  TimeUs began_us_;
  std::optional<NodeProcess> node_;
  TimeUs restarted_us_ = 0;  ///< when the node was after its last kill
  std::vector<CrashMoment> crash_at_;
  std::size_t crashed_ = 0;
  std::optional<TimeUs> reached_us_;  ///< when the progress of the next moment was
  std::uint64_t finished_at_crash_ = 0;
  std::uint32_t starts_at_crash_ = 0;
  std::size_t recovered_ = 0;  ///< faults from which work has gone on
  std::uint64_t finished_last_ = 0;
  std::uint64_t waiting_last_ = 0;
  std::uint64_t gone_last_ = 0;
  TimeUs moved_us_;
  double sampled_s_ = -1;
  LatencyHistogram sampled_latency_;
};

}  // namespace millrace::simulate
