// When which fault strikes which node of a simulation.
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
  move,       ///< it gives a shard to another node
};

[[nodiscard]] std::string_view to_string(FaultKind kind);

/// Nothing where no kind is called so.
[[nodiscard]] std::optional<FaultKind> parse_fault_kind(std::string_view text);

/// One fault. It strikes `delay_us` after so many orders are finished while the node serves, or
/// after the start that followed the fault before it: then it falls into its recovery.
struct FaultMoment {
  FaultKind kind = FaultKind::kill;
  std::uint32_t node = 0;
  std::uint32_t peer = 0;  ///< of a partition and of a move: the other node
  bool is_after_start = false;
  std::uint64_t finished = 0;  ///< of a fault after a start: as of the one before
  DurationUs delay_us = 0;
  DurationUs duration_us = 0;  ///< until it is over; of a kill: until the new process
};

struct FaultPlanOptions {
  std::uint64_t seed = 0;
  std::uint64_t orders = 1;
  std::uint32_t nodes = 1;
  std::uint32_t kills = 0;         ///< beside those below
  std::vector<FaultKind> kinds{};  ///< partition and move only where there are two nodes
  std::uint32_t count = 0;         ///< of faults of `kinds`, in turn
};

/// In the order in which they strike. About a quarter of the kills fall into the recovery from the
/// one before, and some into the drain, when all orders are finished.
[[nodiscard]] std::vector<FaultMoment> plan_faults(const FaultPlanOptions& options);

}  // namespace millrace::simulate
