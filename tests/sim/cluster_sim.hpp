// ClusterSim: a cluster in one thread, determined by one seed: the real actors, federation and
// links of N nodes over a simulated network, logs in memory or on faulty disks, and a virtual clock
// that is skewed at each node. Clocks are stepped by up to a year and slewed, and limits change between
// the starts of a node. Nodes are started on older copies of their logs, all stop at once, a node is
// added, and a node is taken out when its shards have moved away.
//
// First faults are injected; safety is checked at each handler call and by periodic audits of all
// logs. Then the faults end, and the cluster must become idle with each message handled once.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cluster/testing/simulated_cluster.hpp"
#include "tests/sim/cluster_audit.hpp"
#include "tests/sim/workload.hpp"

namespace millrace {

/// A planted fault, to prove that the simulation detects it.
enum class Sabotage : std::uint8_t {
  none,
  dedup,                ///< each attachment of an outbox uses a new producer name
  outbox_order,         ///< the first and the last message of an offer are swapped
  send_before_durable,  ///< records are applied before they are durable
  fencing,              ///< a crash loses the epoch of a producer
  shard_fence,          ///< a crash loses the fence of a moving shard
  syncs,                ///< disks report a sync that did not happen
  wall_time,            ///< the wall time of a node never goes back
  steady_time,          ///< durations are measured by wall clocks
  copies,               ///< a copy of a data directory is taken for the directory in place
  generations,          ///< the numbers of outboxes are not bound to generations
  suspicion,            ///< nobody notes what was being handled when the process ended
  founding,             ///< nodes own what the configuration says, without promises of others
  state_store,          ///< a state store loses some of what it was told to write
  removal,              ///< a node is taken out while its outboxes still hold messages
};

struct ClusterSimOptions {
  std::uint64_t seed = 1;  ///< also selects disks, late receivers and clock steps
  std::uint32_t nodes = 3;
  std::uint32_t shards = 5;
  std::uint32_t numbers = 200;  ///< offered at each node
  Sabotage sabotage = Sabotage::none;
  std::uint32_t trouble_ms = 1'500;       ///< duration of the faults
  std::uint32_t trouble_interval_ms = 1;  ///< between two faults or offers
  std::uint32_t down_max_ms = 300;        ///< longest time that a node is down
  std::uint32_t mend_interval_ms = 0;     ///< between two repairs of all links; 0: none
  std::uint32_t audit_interval_ms = 500;  ///< between two audits of all logs
};

class ClusterSim : private SimulatedCluster {
 public:
  explicit ClusterSim(ClusterSimOptions options);
  ~ClusterSim() override;
  ClusterSim(const ClusterSim&) = delete;
  ClusterSim& operator=(const ClusterSim&) = delete;

  /// Runs the simulation. Returns the violation in one line, or an empty text. Call once.
  [[nodiscard]] std::string run();

  /// Counts of events, with which a test checks that enough happened.
  struct Counts : SimulatedCluster::Counts {
    std::uint64_t disk_faults = 0;
    std::uint64_t takeovers = 0;
    std::uint64_t late_offers = 0;  ///< offers of fenced senders
    std::uint64_t copies = 0;       ///< nodes that ran on a copy that was too old
    std::uint64_t outdated =
        0;                    ///< of these, those that said so before the newest log was put back
    std::uint64_t joins = 0;  ///< nodes that were added to a running cluster
    std::uint64_t removals = 0;  ///< nodes that were taken out of a running cluster
  };
  [[nodiscard]] Counts counts() const;
  /// Returns a digest of all logs; equal for all runs of a seed.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct Node;

  void add_node(std::uint32_t index);
  [[nodiscard]] bool is_absent(const SimulatedNode& node) const override;
  void before_start(SimulatedNode& node) override;
  void after_start(SimulatedNode& node) override;
  void before_kill(SimulatedNode& node) override;
  void make_trouble();
  void restart_nodes();
  void break_something(Node& node);
  void trouble_network(Node& node, const Node& other);
  void trouble_senders(Node& node);
  void move_shard(Node& node);
  void trouble_copies(Node& node);
  [[nodiscard]] bool is_remembered(const Node& node) const;
  void put_back_copy(Node& node);
  void put_back_newest(Node& node);
  void watch_copies();
  void join_last();
  void watch_removal();
  void move_away(Node& node);
  [[nodiscard]] bool has_left(Node& node) const;
  void remove_last();
  void reconfigure();
  [[nodiscard]] queues::Limits random_limits();
  [[nodiscard]] std::unique_ptr<states::Table> make_table(std::uint64_t seed) const;
  void heal();
  void on_outdated(Node& node, const Error& error);
  void start_lazy(Node& node);
  void step_clock(Node& node);
  void enter(Node& node);
  void enter_again(Node& node);
  void send(Node& node, std::int64_t number);
  [[nodiscard]] std::string role_of(const std::string& queue) const;
  [[nodiscard]] std::vector<moves::QueueGroup> groups() const;
  [[nodiscard]] std::vector<std::string> configured() const;
  [[nodiscard]] bool is_missing(const Node& node) const;
  [[nodiscard]] bool is_retired(const Node& node) const;
  [[nodiscard]] sim::ClusterAudit audit() const;
  [[nodiscard]] std::string safety() const;
  [[nodiscard]] std::string violation() const;

  const ClusterSimOptions options_;
  const bool has_disks_;
  const bool has_pages_;            ///< keys that do not fit into a few bytes are in a state store
  const bool is_one_group_;         ///< otherwise the queues of each stage move separately
  const std::size_t window_bytes_;  ///< of links
  const bool is_founded_;           ///< otherwise the shards get their owners under faults
  const bool has_late_receivers_;   ///< receivers that ack too late, or never
  const bool has_steps_;            ///< wall clocks are stepped and slewed
  const bool has_killers_;          ///< numbers whose handler ends the process
  /// Wall clocks are stepped by up to a year. Idempotency keys are then remembered for good: how long
  /// a window is by a clock that was set while the node was down, nobody can say.
  const bool has_large_steps_;
  /// The last node is added later: until then it is down, and the others do not know it.
  bool is_last_missing_;
  const bool may_remove_;         ///< the last node is taken out
  bool is_last_leaving_ = false;  ///< it moves its shards away, and accepts no offers of clients
  bool is_last_removed_ = false;  ///< it is down for good, and the others are told so
  const std::uint32_t
      calm_;  ///< divisor of the rate at which nodes and links fail; 1: the highest rate
  std::vector<std::string> names_;  ///< of all nodes
  std::vector<Node*> nodes_;        ///< all of them
  std::shared_ptr<sim::Watch> watch_;
  std::int64_t late_numbers_ = 0;
  Counts counts_;
};

}  // namespace millrace
