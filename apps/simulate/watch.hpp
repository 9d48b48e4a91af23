// Watch: looks at a running simulation from outside, kills its node at seeded moments, and keeps
// what the report shows over time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/report/progress.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/node_process.hpp"
#include "apps/simulate/options.hpp"
#include "apps/simulate/witness_memory.hpp"

namespace millrace::simulate {

class Watch {
 public:
  Watch(const Options& options, WitnessMemory& witness, report::RunReport& report);

  /// Sees the run through to its end: every order finished, or a failure in the report.
  void run();

 private:
  void start_node();
  void crash();
  void look();
  void take_sample(double t_s);
  void note_end(const ProcessEnd& end);
  [[nodiscard]] double elapsed_s() const;
  [[nodiscard]] bool crash_is_due() const;

  const Options& options_;
  WitnessMemory& witness_;
  report::RunReport& report_;
  SystemClock clock_;
  report::Progress progress_;
  TimeUs began_us_;
  std::optional<NodeProcess> node_;
  std::vector<std::uint64_t> crash_at_;  ///< numbers of finished orders, ascending
  std::size_t crashed_ = 0;
  std::uint64_t finished_at_crash_ = 0;
  bool is_recovering_ = false;
  std::uint64_t finished_last_ = 0;
  TimeUs progressed_us_;
  double sampled_s_ = -1;
  LatencyHistogram sampled_latency_;
};

}  // namespace millrace::simulate
