// The state of one node of a ClusterSim.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/move/moving_node.hpp"
#include "tests/sim/cluster_sim.hpp"
#include "tests/sim/disk_log.hpp"
#include "tests/sim/skewed_clock.hpp"

namespace millrace {

struct ClusterSim::Node {
  std::string name;
  std::int64_t first_number = 0;
  std::uint32_t entered = 0;
  std::unique_ptr<SkewedClock> clock;
  DiskLog* disk = nullptr;  ///< nullptr: the log is in memory
  std::unique_ptr<MovingNode> moving;
  TestNode* node = nullptr;  ///< owned by `moving`
  std::vector<std::function<void()>> end_lazy;
  std::uint32_t down_ticks = 0;
  std::uint32_t ticks_left = 0;  ///< until the node is killed; 0: no kill is planned

  void end_lazy_receivers() {
    for (const auto& end : std::exchange(end_lazy, {})) end();
  }
};

}  // namespace millrace
