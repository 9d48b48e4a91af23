// ClusterSim: a whole cluster in one thread: the real actors, federation and links of N nodes over
// a simulated network, logs in memory or on disks that lie, and a virtual clock that each node has
// its own idea of, all from one seed.
//
// First trouble, with safety checked at every step of a handler and every so often over all logs;
// then all is healed, and the cluster must come to rest with everything done once.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/testing/shell/deterministic_actor_system.hpp"
#include "actors/testing/test_node.hpp"
#include "cluster/transport/sim/simulated_network.hpp"
#include "tests/move/moving_node.hpp"
#include "tests/sim/cluster_audit.hpp"
#include "tests/sim/workload.hpp"

namespace millrace {

/// Broken on purpose, to prove that the simulation finds it.
enum class Sabotage : std::uint8_t {
  none,
  dedup,                ///< each attachment of an outbox comes under a new name
  outbox_order,         ///< the first and the last message of an offer change places
  send_before_durable,  ///< queues hear of records that a crash may still take back
  fencing,              ///< a crash forgets that one sender has taken over from another
  shard_fence,          ///< a crash forgets that a shard was on its way to another node
  syncs,                ///< disks say that they have synced, and have not
};

struct ClusterSimOptions {
  std::uint64_t seed = 1;  ///< also decides on disks, late receivers and clocks that are set
  std::uint32_t nodes = 3;
  std::uint32_t shards = 5;
  std::uint32_t numbers = 200;  ///< that enter at each node
  Sabotage sabotage = Sabotage::none;
  std::uint32_t trouble_ms = 1'500;       ///< how long it lasts
  std::uint32_t trouble_interval_ms = 1;  ///< between two things that may go wrong or be offered
  std::uint32_t down_max_ms = 300;        ///< how long a node is down
  std::uint32_t mend_interval_ms = 0;     ///< between two times when all links are mended; 0: none
  std::uint32_t audit_interval_ms = 500;  ///< between two audits of all logs
};

class ClusterSim {
 public:
  explicit ClusterSim(ClusterSimOptions options);
  ~ClusterSim();
  ClusterSim(const ClusterSim&) = delete;
  ClusterSim& operator=(const ClusterSim&) = delete;

  /// Returns what went wrong, in one line; empty: nothing.
  [[nodiscard]] std::string run();

  /// What happened, so that a test can tell whether it was enough.
  struct Counts {
    std::uint64_t kills = 0;
    std::uint64_t disk_faults = 0;
    std::uint64_t takeovers = 0;
    std::uint64_t late_offers = 0;  ///< by senders that were fenced
    std::uint64_t drains = 0;
    std::uint64_t moves = 0;  ///< of shards, from end to end
    std::uint64_t failed_moves = 0;
  };
  [[nodiscard]] Counts counts() const;
  /// Of all logs: the same for each run of a seed.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct Node;

  void add_node(std::uint32_t index);
  void tick();
  void make_trouble();
  void restart_nodes();
  void break_something(Node& node);
  void trouble_network(Node& node, const Node& other);
  void trouble_senders(Node& node);
  void drain(Node& node);
  void doom(Node& node, std::uint32_t ticks_max);
  void move_shard(Node& node);
  [[nodiscard]] queues::Limits random_limits();
  void mend_links();
  void heal();
  void start(Node& node);
  void start_lazy(Node& node);
  void kill(Node& node);
  void enter(Node& node);
  void enter_again(Node& node);
  void send(Node& node, std::int64_t number);
  [[nodiscard]] TimeUs random_us(std::int64_t max_us);
  [[nodiscard]] std::string role_of(const std::string& queue) const;
  [[nodiscard]] std::vector<moves::QueueGroup> groups(const std::vector<PipelineSpec>& all) const;
  [[nodiscard]] sim::ClusterAudit audit() const;
  [[nodiscard]] std::string safety() const;
  [[nodiscard]] std::string violation() const;

  const ClusterSimOptions options_;
  const bool has_disks_;
  const bool is_one_group_;         ///< else each stage moves by itself
  const std::size_t window_bytes_;  ///< of links
  const bool has_late_receivers_;   ///< else clocks are set while nodes run, which prolongs leases
  const std::uint32_t calm_;  ///< how much rarer nodes and links fail than in the worst of seeds
  std::mt19937_64 random_;
  DeterministicActorSystem system_;
  transport::SimulatedNetwork network_;
  std::vector<std::string> names_;  ///< of all nodes
  std::vector<std::unique_ptr<Node>> nodes_;
  std::shared_ptr<sim::Watch> watch_;
  std::int64_t late_numbers_ = 0;
  Counts counts_;
};

}  // namespace millrace
