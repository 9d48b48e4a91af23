// FaultDriver: starts and ends the planned faults, and records when the work has recovered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "apps/report/run_report.hpp"
#include "apps/simulate/confirmation_gap.hpp"
#include "apps/simulate/database_fault.hpp"
#include "apps/simulate/fleet/fleet.hpp"
#include "apps/simulate/plan/fault_plan.hpp"
#include "apps/simulate/restoration.hpp"
#include "apps/simulate/servers/database.hpp"

namespace millrace::simulate {

/// Not thread-safe. The references passed to the constructor must outlive this object.
class FaultDriver {
 public:
  /// Appends each fault to `faults`, with times relative to `began_us`. `database`: null if the run has
  /// no servers of its own; then the plan has no fault that needs them.
  FaultDriver(std::vector<FaultMoment> plan, Fleet& fleet, const WitnessMemory& witness,
              servers::Database* database, std::vector<report::Fault>& faults, TimeUs began_us);

  /// Starts and ends the faults that are due. `is_ending`: all nodes were asked to stop. Fails as
  /// Fleet::start(), Fleet::destroy(), Restoration::step() and DatabaseFault::step().
  Result<void> step(TimeUs now_us, bool is_ending);

  /// Time at which step() is due next, if known.
  [[nodiscard]] std::optional<TimeUs> next_us() const;

  /// Records as a fault that a process ended which no fault has hit, by another process's kill or because
  /// it has lost its node to a standby, and starts a process in its place.
  Result<void> note_end_from_outside(const Fleet::Ended& ended, TimeUs now_us);

  /// Whether a process had to end like this.
  bool expects(const Fleet::Ended& ended);

  /// Call when all nodes have drained although faults remain: the next fault then hits the
  /// following start.
  void note_all_ended(TimeUs now_us);

  [[nodiscard]] bool is_quiet() const { return active_.empty(); }
  /// Whether a fault of the servers goes on, until both are there again: commits may wait for all that time.
  [[nodiscard]] bool are_servers_hit() const;
  [[nodiscard]] bool is_done() const { return next_ >= plan_.size() && active_.empty(); }
  /// Whether a fault has ended and no work has been observed since.
  [[nodiscard]] bool is_recovering() const { return !unrecovered_.empty(); }

 private:
  struct Active {
    FaultMoment moment;
    std::size_t fault = 0;          ///< in faults_
    std::uint32_t process = 0;      ///< that was the node when the fault began
    std::optional<TimeUs> over_us;  ///< nullopt: the fault ends when the node process ends
    std::optional<Restoration> restoration{};
    std::optional<DatabaseFault> database{};
  };
  struct Unrecovered {
    std::size_t fault = 0;
    FaultMoment moment;
    std::uint64_t finished = 0;  ///< finished orders when the fault ended
  };

  /// A process that was killed or paused, in whose place another one may come to serve.
  struct Replaced {
    std::size_t fault = 0;
    std::uint32_t node = 0;
    std::int32_t pid = 0;   ///< of the process
    SteadyUs since_us = 0;  ///< its end or pause
  };

  [[nodiscard]] bool is_hit(std::uint32_t node) const;
  [[nodiscard]] std::optional<TimeUs> due_us(TimeUs now_us, bool is_ending);
  Result<void> strike(TimeUs now_us);
  Result<void> end_due(TimeUs now_us);
  Result<bool> is_over(Active& active, TimeUs now_us);
  Result<void> end(const Active& active, TimeUs now_us);
  void set_clock(const FaultMoment& moment, DurationUs offset_us);
  void note_recovered(TimeUs now_us);
  void note_confirmed(TimeUs now_us);
  void note_taken_over();
  void forget_pause(std::size_t fault);
  void begin_replaced(const Active& active, TimeUs now_us);
  [[nodiscard]] std::uint64_t confirmed(std::optional<std::uint32_t> node) const;

  std::vector<FaultMoment> plan_;
  Fleet& fleet_;
  const WitnessHead& head_;
  servers::Database* database_;
  std::vector<report::Fault>& faults_;
  const TimeUs began_us_;
  std::size_t next_ = 0;
  std::optional<TimeUs> reached_us_;  ///< time at which `finished` of the next fault was reached
  TimeUs restarted_us_ = 0;           ///< time of the last restart after a kill
  std::optional<TimeUs> due_us_;
  std::vector<Active> active_;
  std::vector<Unrecovered> unrecovered_;
  std::vector<Replaced> replaced_;
  std::vector<Active> paused_;  ///< pauses that are over: the process may have lost its node
  std::vector<ConfirmationGap>
      gaps_;  ///< of faults of the log's servers, until records are confirmed
};

}  // namespace millrace::simulate
