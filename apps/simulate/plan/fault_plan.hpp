// FaultPlan: the faults of a simulation, each with its kind, node and time; a function of the seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::simulate {

enum class FaultKind : std::uint8_t {
  kill,       ///< SIGKILL, then a new process
  pause,      ///< SIGSTOP, then SIGCONT
  partition,  ///< nothing passes between two nodes, in either direction
  restart,    ///< SIGTERM: the node drains; then a new process
  slow_disk,  ///< each sync takes much longer
  move,       ///< a shard moves to another node
  clock,      ///< the wall clock that the processes of a node, or of all nodes, see is set
  restore,    ///< the data directory of a node is replaced by an older copy
  // With logs in PostgreSQL:
  destroy,  ///< SIGKILL, and the data directory is removed; then a new process, as on another machine
  // With servers of the run's own:
  db_restart,    ///< the primary ends as by a crash, then starts again
  db_failover,   ///< the standby becomes the primary; the other server is made anew as its standby
  db_pause,      ///< the processes of the primary are stopped, then go on
  db_cut,        ///< a node and the servers are cut off from each other
  standby_loss,  ///< the standby ends, then starts again: commits wait meanwhile
};

/// All names, for messages.
constexpr const char* fault_kinds =
    "kill, pause, partition, restart, slow-disk, move, clock, restore, destroy, db-restart, "
    "db-failover, db-pause, db-cut, standby-loss";

[[nodiscard]] std::string_view to_string(FaultKind kind);

/// Returns nullopt for an unknown name.
[[nodiscard]] std::optional<FaultKind> parse_fault_kind(std::string_view text);

/// Whether the fault happens to the servers, one at a time, rather than to a node.
[[nodiscard]] constexpr bool is_of_servers(FaultKind kind) {
  return kind == FaultKind::db_restart || kind == FaultKind::db_failover ||
         kind == FaultKind::db_pause || kind == FaultKind::standby_loss;
}
/// Whether the fault needs servers that the run has started itself.
[[nodiscard]] constexpr bool needs_own_servers(FaultKind kind) {
  return is_of_servers(kind) || kind == FaultKind::db_cut;
}

/// One fault. If `is_after_start`, it starts `delay_us` after the node was restarted by the
/// previous fault, and so hits the recovery; else `delay_us` after `finished` orders are finished.
struct FaultMoment {
  FaultKind kind = FaultKind::kill;
  std::uint32_t node = 0;
  std::uint32_t peer = 0;  ///< of a partition and of a move: the other node
  bool is_after_start = false;
  std::uint64_t finished = 0;  ///< orders; of a fault after a start: equal to the previous fault
  DurationUs delay_us = 0;
  /// Until the fault ends; of a kill and a destroy: until a new process is started; of a restore: from
  /// the copy until it takes the place of the directory; of a failover: from the promotion until the
  /// other server is made anew.
  DurationUs duration_us = 0;
  bool runs_on = false;    ///< of a failover: the former primary runs meanwhile
  bool is_silent = false;  ///< of db_cut: connections do not end, nothing arrives
  // Of a fault of the clock:
  DurationUs clock_us = 0;    ///< by which the clock is wrong from then on; up to a day
  bool is_at_all = false;     ///< on all nodes
  bool is_corrected = false;  ///< the clock is right again when the fault ends
};

struct FaultPlanOptions {
  std::uint64_t seed = 0;
  std::uint64_t orders = 1;
  std::uint32_t nodes = 1;
  std::uint32_t kills = 0;         ///< in addition to `count`
  std::vector<FaultKind> kinds{};  ///< partition and move require nodes >= 2
  std::uint32_t count = 0;         ///< number of faults, which take `kinds` in turn
  /// After which another process takes the place of a silent one: half of the pauses last longer. 0:
  /// no process does.
  DurationUs lease_us = 0;
};

/// Plans the faults, in the order in which they start. About a quarter of the kills hit the
/// recovery from the previous kill, and some hit the final drain. Pure.
[[nodiscard]] std::vector<FaultMoment> plan_faults(const FaultPlanOptions& options);

}  // namespace millrace::simulate
