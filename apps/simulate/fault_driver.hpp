// FaultDriver: inflicts the planned faults, ends them, and notes when work has gone on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/base/time.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/fleet/fleet.hpp"
#include "apps/simulate/plan/fault_plan.hpp"

namespace millrace::simulate {

class FaultDriver {
 public:
  /// Faults are noted in `faults`; times there are since `began_us`.
  FaultDriver(std::vector<FaultMoment> plan, Fleet& fleet, const WitnessMemory& witness,
              std::vector<report::Fault>& faults, TimeUs began_us);

  /// Does what is due. `is_ending`: all nodes have been told to end, as all is at rest.
  Result<void> step(TimeUs now_us, bool is_ending);

  /// When step has something to do next, as far as that is known.
  [[nodiscard]] std::optional<TimeUs> next_us() const;

  /// Somebody else has killed a node: that is a fault like those of the plan. Starts it again.
  Result<void> note_kill_from_outside(std::uint32_t node, TimeUs now_us);

  /// All nodes have ended in good order, though faults are to come: the next one falls into the
  /// start that follows.
  void note_all_ended(TimeUs now_us);

  [[nodiscard]] bool is_quiet() const { return active_.empty(); }
  [[nodiscard]] bool is_done() const { return next_ >= plan_.size() && active_.empty(); }
  /// Whether some fault's end is still to be seen in the work.
  [[nodiscard]] bool is_recovering() const { return !unrecovered_.empty(); }

 private:
  struct Active {
    FaultMoment moment;
    std::size_t fault = 0;          ///< in faults_
    std::optional<TimeUs> over_us;  ///< none: when the node has ended
  };
  struct Unrecovered {
    std::size_t fault = 0;
    FaultMoment moment;
    std::uint64_t finished = 0;  ///< orders, when it was over
  };

  [[nodiscard]] bool is_hit(std::uint32_t node) const;
  [[nodiscard]] std::optional<TimeUs> due_us(TimeUs now_us, bool is_ending);
  void strike(TimeUs now_us);
  Result<void> end_due(TimeUs now_us);
  Result<void> end(const Active& active, TimeUs now_us);
  void note_recovered(TimeUs now_us);

  std::vector<FaultMoment> plan_;
  Fleet& fleet_;
  const WitnessHead& head_;
  std::vector<report::Fault>& faults_;
  const TimeUs began_us_;
  std::size_t next_ = 0;
  std::optional<TimeUs> reached_us_;  ///< when the progress of the next moment was
  TimeUs restarted_us_ = 0;           ///< when a node was, after the last kill of it
  std::optional<TimeUs> due_us_;
  std::vector<Active> active_;
  std::vector<Unrecovered> unrecovered_;
};

}  // namespace millrace::simulate
