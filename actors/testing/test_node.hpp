// TestNode: one node of a cluster in a test: the node's actors on a DeterministicActorSystem, over
// a MemoryLog that survives stop(). It also simulates a client for each queue that the test sends
// to. A client survives stop() and offers again the messages that were not confirmed. After
// take_over() the former client goes on sending, as a process does that has not learned of its
// successor.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/routed.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/testing/memory_log.hpp"
#include "actors/testing/shell/deterministic_actor_system.hpp"

namespace millrace {

struct TestNodeOptions {
  std::string name = "test";  ///< part of the producer names of its outboxes and clients
  std::uint32_t shards = 1;
  std::uint64_t seed = 0;
  queues::Limits limits{};
  /// null: the node serves all shards. compare(), started() and stopped() are not called.
  Federation* federation = nullptr;
  std::uint64_t first_generation =
      1;                      ///< RuntimeOptions::generation of the first start; then one more each
  bool accepts_loss = false;  ///< as RuntimeOptions
  /// As NodeActors::Surroundings::outdated; must not stop the node. Unset: the node waits.
  std::function<void(const Error&)> on_outdated{};
  const Clock* clock = nullptr;  ///< must outlive the node; null: the clock of the system
  /// Whether workers note what they handle, so that a death of the process in a handler counts.
  bool notes_running = false;
  /// Makes the log; unset: a MemoryLog.
  std::function<std::unique_ptr<MemoryLog>()> make_log{};
  /// Makes a new, empty table at each start, for the keys that do not fit into
  /// Limits::state_cache_bytes; unset: all are in memory.
  std::function<std::unique_ptr<states::Table>()> make_table{};
};

/// One thread. Throws std::invalid_argument for pipelines that validate() refuses and for unknown
/// queues.
class TestNode {
 public:
  /// `system` must outlive the node. The node is down until start().
  TestNode(DeterministicActorSystem& system, std::vector<PipelineSpec> pipelines,
           TestNodeOptions options);
  ~TestNode() { stop(); }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  /// Starts the node from its log. Fails as the disk fails; then the node is down. If
  /// Federation::must_compare(), the node handles, forwards and accepts nothing before serve().
  Result<void> start();
  /// Without effect while the node stops.
  void serve();
  [[nodiscard]] bool is_serving() const { return serves_; }
  /// Sets the limits of all queues from the next start on.
  void set_limits(const queues::Limits& limits) { options_.limits = limits; }
  /// Connects the current clients. start() has connected the former ones.
  void connect();
  /// Begins a drain, as Runtime::stop does. The test decides for how long it runs.
  void drain();
  /// Stops the node as a crash does: proposals that are not durable are lost. No effect if it is
  /// down.
  void stop();
  [[nodiscard]] bool is_up() const { return actors_ != nullptr; }

  /// What the workers note now, as after the end of the process; for the next set_running(). Called
  /// by a handler.
  [[nodiscard]] std::vector<std::uint64_t> running() const { return *running_; }
  /// What the next start() finds. REQUIRES: the node is down.
  void set_running(std::vector<std::uint64_t> words) { *running_ = std::move(words); }

  /// Offers a message to `queue`, now or once the node is up and the client attached.
  void send(const std::string& queue, const std::string& type, pb::Envelope envelope);

  /// Replaces the client of `queue` by one with the next producer epoch. No effect while the node
  /// is down or the client is not attached.
  void take_over(const std::string& queue);
  /// Makes the former client of `queue` offer `envelope`, or attach again if it was refused. The
  /// message must never arrive. Returns false without effect if no take-over is confirmed by all
  /// shards.
  bool send_late(const std::string& queue, pb::Envelope envelope);

  /// Includes proposals that are not durable.
  [[nodiscard]] MemoryLog& log() { return *log_; }

  /// Offers the messages of clients that have just been attached. Returns whether there were any
  /// such clients; call it again until false.
  bool poll_clients();
  /// One line about a broken promise that a client observed; empty: none.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Returns the messages that were confirmed to the client of `queue`.
  [[nodiscard]] std::vector<pb::Envelope> confirmed(const std::string& queue) const;
  /// Returns how many messages of `shard` were confirmed to it: the first ones that were sent.
  [[nodiscard]] std::uint64_t confirmed(const std::string& queue, std::uint32_t shard) const;

  [[nodiscard]] NodeActors& actors() { return *actors_; }
  [[nodiscard]] ShardMoves& moves() { return *moves_; }
  /// Returns the numbers of `queue` in the shards that this node serves. Requires: is_up().
  [[nodiscard]] std::vector<queues::QueueNumber> served(const std::string& queue) const;

 private:
  /// A sender actor and its inbox; empty while the node is down.
  struct Link {
    std::shared_ptr<senders::SenderInbox> inbox{};
    AnyActor actor{};
  };
  struct Client {
    std::string type;
    std::uint64_t epoch = 1;
    std::uint64_t attached_epoch = 0;  ///< highest epoch that every shard has accepted; <= epoch
    Link link{};
    Link former{};                                  ///< of epoch - 1
    bool is_ready = false;                          ///< `link` is attached to all shards
    std::vector<std::vector<pb::Envelope>> sent{};  ///< by shard, in order, all of them
    std::vector<std::uint64_t> confirmed{};         ///< by shard: the first of `sent`, a count
  };

  void connect(const std::string& queue, Client& client);
  /// The queues as recovered from the log.
  [[nodiscard]] Store recover();
  [[nodiscard]] Link open_link(const std::string& queue, const Client& client, std::uint64_t epoch);
  void check_settled(const std::string& queue, Client& client,
                     const std::vector<std::uint64_t>& settled);
  void offer(Client& client, std::uint32_t shard, std::size_t index);

  DeterministicActorSystem& system_;
  const std::vector<PipelineSpec> pipelines_;
  TestNodeOptions options_;
  Wiring wiring_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<states::StateStore> states_;   ///< null: all keys are in memory
  std::unique_ptr<states::StateKeeper> keeper_;  ///< null: all keys are in memory
  std::unique_ptr<NodeActors> actors_;
  std::unique_ptr<ShardMoves> moves_;
  std::map<std::string, Client> clients_;
  std::string violation_;
  bool serves_ = false;
  bool is_stopping_ = false;
  std::shared_ptr<std::vector<std::uint64_t>> running_ =
      std::make_shared<std::vector<std::uint64_t>>();
  std::uint64_t starts_ = 0;
};

}  // namespace millrace
