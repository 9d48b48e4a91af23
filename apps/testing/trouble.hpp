// Trouble: what goes wrong with a simulated cluster, and how often.
#pragma once

#include <chrono>

namespace millrace {

/// Rates are means for the whole cluster, in events a second of virtual time, 0 to 500. The seed
/// decides when, and which node, link or shard it hits.
struct Trouble {
  /// A node ends. What is not durable is lost; it starts again within ClusterTestOptions::down_max.
  double crashes = 4;
  double outages = 0.3;  ///< all nodes end at once
  double drains = 0.5;   ///< a node stops in order, or is killed if that takes too long
  double moves = 8;      ///< a shard begins to move to another node
  double cuts = 3;       ///< one direction of a link holds everything back, for up to `cut_max`
  double breaks = 3;     ///< the connection of two nodes breaks, and what is on its way is lost
  double losses = 1;     ///< all links lose, repeat and delay frames, for up to `cut_max`
  double steps = 2;      ///< the wall clock of a node is set, by up to `step_max` forwards or back

  std::chrono::milliseconds cut_max{500};     ///< 1 ms to 1 h
  std::chrono::milliseconds step_max{5'000};  ///< 1 ms to 1 year
};

}  // namespace millrace
