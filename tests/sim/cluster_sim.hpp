// ClusterSim: a whole cluster in one thread: the real actors, federation and links of N nodes over
// a simulated network, logs in memory and a virtual clock, all from one seed.
//
// The workload: numbers enter at every node, are counted under one key, and passed on to be counted
// under another, so that most steps cross nodes. Each key's state lists what it has seen, so a
// repeat and a disorder are seen at the very step that makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/testing/deterministic_actor_system.hpp"
#include "actors/testing/test_node.hpp"
#include "cluster/federation/federated_node.hpp"
#include "cluster/transport/simulated_network.hpp"

namespace millrace {

/// Broken on purpose, to prove that the simulation finds it.
enum class Sabotage : std::uint8_t {
  none,
  dedup,                ///< each attachment of an outbox comes under a new name
  outbox_order,         ///< the first and the last message of an offer change places
  send_before_durable,  ///< queues hear of records that a crash may still take back
};

struct ClusterSimOptions {
  std::uint64_t seed = 1;
  std::uint32_t nodes = 3;
  std::uint32_t shards = 5;
  std::uint32_t numbers = 200;  ///< that enter at each node
  Sabotage sabotage = Sabotage::none;
};

class ClusterSim {
 public:
  explicit ClusterSim(ClusterSimOptions options);
  ~ClusterSim();
  ClusterSim(const ClusterSim&) = delete;
  ClusterSim& operator=(const ClusterSim&) = delete;

  /// Faults and load for a while, then healing, then the wait for rest. Returns what went wrong, in
  /// one line; empty: nothing.
  [[nodiscard]] std::string run();

 private:
  struct Node;

  void tick();
  void make_trouble();
  void heal();
  void start(Node& node);
  void kill(Node& node);
  void enter(Node& node);
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;
  [[nodiscard]] bool is_at_rest() const;
  [[nodiscard]] std::string audit() const;
  [[nodiscard]] std::string audit_stage(const std::string& queue) const;

  const ClusterSimOptions options_;
  std::mt19937_64 random_;
  DeterministicActorSystem system_;
  transport::SimulatedNetwork network_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::shared_ptr<std::string> violation_ = std::make_shared<std::string>();
};

}  // namespace millrace
