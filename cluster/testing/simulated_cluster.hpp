// SimulatedCluster: the nodes of a cluster in one thread, determined by one seed: the real actors,
// federation and links over a simulated network, logs in memory, and a virtual clock that is skewed at
// each node. It knows how a node starts, ends and is disturbed; a class that derives from it decides
// when that happens, and checks what becomes of the messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/testing/shell/deterministic_actor_system.hpp"
#include "actors/testing/test_node.hpp"
#include "cluster/testing/moving_node.hpp"
#include "cluster/testing/skewed_clock.hpp"
#include "cluster/transport/sim/simulated_network.hpp"

namespace millrace {

/// One node, up or down.
struct SimulatedNode {
  SimulatedNode() = default;
  virtual ~SimulatedNode() = default;
  SimulatedNode(const SimulatedNode&) = delete;
  SimulatedNode& operator=(const SimulatedNode&) = delete;

  std::string name;
  std::unique_ptr<SkewedClock> clock;
  std::unique_ptr<MovingNode> moving;
  TestNode* node = nullptr;  ///< owned by `moving`
  std::uint32_t down_ticks = 0;
  std::uint32_t ticks_left = 0;  ///< until the node is killed; 0: no kill is planned
  /// Set by a handler that ends the process: what was being handled.
  std::optional<std::vector<std::uint64_t>> death{};
  std::uint32_t deaths = 0;
};

/// One thread. The same seed and the same calls give the same run.
class SimulatedCluster {
 public:
  /// Counts of events.
  struct Counts {
    std::uint64_t kills = 0;
    std::uint64_t drains = 0;
    std::uint64_t moves = 0;  ///< completed moves of shards
    std::uint64_t failed_moves = 0;
    std::uint64_t steps = 0;    ///< of wall clocks
    std::uint64_t outages = 0;  ///< of all nodes at once
    std::uint64_t deaths = 0;   ///< of nodes, in a handler
  };

 protected:
  /// `down_max_ms`: longest time that a node is down, 1 or more. `restart_step_max_us`: the wall clock
  /// of a node is sometimes set by up to so much while it is down; 0: never.
  SimulatedCluster(std::uint64_t seed, std::uint32_t down_max_ms, DurationUs restart_step_max_us);
  /// REQUIRES: kill_all() was called, by the destructor of the derived class.
  virtual ~SimulatedCluster() = default;
  SimulatedCluster(const SimulatedCluster&) = delete;
  SimulatedCluster& operator=(const SimulatedCluster&) = delete;

  // What a derived class adds to the life of a node.

  /// Whether the node is not part of the cluster now: it is not started.
  [[nodiscard]] virtual bool is_absent(const SimulatedNode& /*node*/) const { return false; }
  virtual void before_start(SimulatedNode& /*node*/) {}
  /// The node is up; perhaps it does not serve yet.
  virtual void after_start(SimulatedNode& /*node*/) {}
  virtual void before_kill(SimulatedNode& /*node*/) {}

  /// Gives the node a clock of its own: up to an hour ahead or behind, up to 5 % fast or slow.
  void give_clock(SimulatedNode& node);
  /// Gives the node its actors. REQUIRES: `node` has its name and its clock. It is down until start().
  void build(SimulatedNode& node, MovingNodeOptions options);
  /// Adds a node; the reference is valid as long as this object.
  template <class Node>
  Node& adopt(std::unique_ptr<Node> node) {
    Node& added = *node;
    nodes_.push_back(std::move(node));
    return added;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<SimulatedNode>>& all() const { return nodes_; }

  /// Advances by 1 ms: some pending writes become durable, and all events that are due are handled, in
  /// an order that depends on the seed.
  void tick();

  /// If the disk fails, the node tries again later.
  void start(SimulatedNode& node);
  /// As a crash: what is not durable is lost. No effect if the node is down.
  void kill(SimulatedNode& node);
  void kill_all();
  /// Ends the node within `ticks_max` ms, 1 or more, unless its end is planned already.
  void doom(SimulatedNode& node, std::uint32_t ticks_max);
  /// The node drains, and ends within `ticks_max` ms, whether it is done or not.
  void drain(SimulatedNode& node, std::uint32_t ticks_max);
  void stop_all();
  /// Starts the nodes whose time is over.
  void restart_down();

  /// Sets the wall clock of a node by `by_us`.
  void step_clock(SimulatedNode& node, DurationUs by_us);
  /// From now on the wall clock of a node gains `ppm` millionths; loses, if negative.
  void slew_clock(SimulatedNode& node, std::int64_t ppm);
  /// Lets the owner of the shard of `queue` move it, with the other queues of `role`, to `to`. No effect
  /// unless `node` serves the shard.
  void move_shard(SimulatedNode& node, const std::string& role, const std::string& queue,
                  std::uint32_t shard, const std::string& to);
  void mend_links();

  /// One line about a broken promise that a node observed; empty: none.
  [[nodiscard]] std::string violation() const;
  [[nodiscard]] const Counts& counts_so_far() const { return counts_; }
  /// -max_us to max_us.
  [[nodiscard]] TimeUs random_us(std::int64_t max_us);

  std::mt19937_64 random_;
  DeterministicActorSystem system_;
  transport::SimulatedNetwork network_;

 private:
  void bury_dead();
  void bury(SimulatedNode& node);

  const std::uint32_t down_max_ms_;
  const DurationUs restart_step_max_us_;
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
  Counts counts_;
  std::string violation_;
};

}  // namespace millrace
