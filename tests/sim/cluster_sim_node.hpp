// The state of one node of a ClusterSim.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/cluster_sim.hpp"
#include "tests/sim/disk_log.hpp"

namespace millrace {

struct ClusterSim::Node final : SimulatedNode {
  std::int64_t first_number = 0;
  std::uint32_t entered = 0;
  std::size_t sent = 0;     ///< offers of its clients
  DiskLog* disk = nullptr;  ///< nullptr: the log is in memory
  std::vector<std::function<void()>> end_lazy;
  std::vector<std::function<void()>> end_lasting;
  bool has_former_layout = false;  ///< it runs without the node that was added

  std::vector<std::string> copy{};  ///< of its log; empty: none was made
  /// Set while the node runs on a copy that is too old: its newest log.
  std::optional<std::vector<std::string>> newest{};
  std::uint32_t copy_ticks = 0;  ///< until the newest log is put back
  bool is_outdated = false;      ///< the node has said so, and would have ended

  /// The records that the node must not lose.
  [[nodiscard]] const std::vector<std::string>& records() const {
    return newest ? *newest : node->log().records();
  }

  /// These go on for as long as the node.
  void end_lasting_receivers() {
    for (const auto& end : std::exchange(end_lasting, {})) end();
  }
  void end_lazy_receivers() {
    for (const auto& end : std::exchange(end_lazy, {})) end();
  }
};

}  // namespace millrace
