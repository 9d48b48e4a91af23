// TestNode: one node in a test: the real actors on a deterministic system, over a log in memory
// that a crash leaves as it was. Clients outlive a crash and offer again what was not confirmed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/pipeline/pipeline_spec.hpp"
#include "actors/pipeline/routed.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/runtime/node_actors.hpp"
#include "actors/testing/deterministic_actor_system.hpp"
#include "actors/testing/memory_log.hpp"

namespace millrace {

struct TestNodeOptions {
  std::string name = "test";  ///< names its outboxes and its clients to other nodes
  std::uint32_t shards = 1;
  std::uint64_t seed = 0;
  queues::Limits limits{};
  /// As RuntimeOptions::serves and NodeActors::Surroundings::remote.
  std::function<bool(const std::string& queue, std::uint32_t shard)> serves{};
  std::function<queues::OfferHandle(const std::string& queue, std::uint32_t shard)> remote{};
  /// Broken on purpose: see MemoryLog::tell_before_durable.
  bool tells_before_durable = false;
};

/// For one thread. Wrong use throws std::invalid_argument.
class TestNode {
 public:
  TestNode(DeterministicActorSystem& system, std::vector<PipelineSpec> pipelines,
           TestNodeOptions options);
  ~TestNode() { stop(); }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  /// Brings the node up on what its log holds. Its clients connect as it runs.
  void start();
  /// Ends it as a crash does: what is not in the log is gone. Nothing happens where it is down.
  void stop();
  [[nodiscard]] bool is_up() const { return actors_ != nullptr; }

  /// Offers a message to `queue`, now or when the node is up again.
  void send(const std::string& queue, const std::string& type, pb::Envelope envelope);

  /// Proposals that are not durable; makes the first `count` of them so.
  [[nodiscard]] std::size_t proposed() const { return log_.proposed(); }
  void commit(std::size_t count) { log_.commit(count); }

  /// Looks after its clients: connects those that have to be. True when there was something to do.
  bool poll_clients();

  [[nodiscard]] NodeActors& actors() { return *actors_; }
  /// What the log holds, as a restart would find it.
  [[nodiscard]] Store replay() const;
  /// Numbers of a queue that this node serves, by the wiring as it was last started.
  [[nodiscard]] std::vector<queues::QueueNumber> served(const std::string& queue) const;

 private:
  struct Client {
    std::string type;
    std::shared_ptr<senders::Outbound> outbound{};
    caf::actor actor{};
    bool is_ready = false;
    std::vector<std::vector<pb::Envelope>> sent{};  ///< by shard, in order, all of them
  };

  void connect(const std::string& queue, Client& client);
  void hand_over(Client& client, std::uint32_t shard, const pb::Envelope& envelope);

  DeterministicActorSystem& system_;
  const std::vector<PipelineSpec> pipelines_;
  const TestNodeOptions options_;
  Wiring wiring_;
  MemoryLog log_;
  std::unique_ptr<NodeActors> actors_;
  NodePlan plan_;
  std::map<std::string, Client> clients_;
};

}  // namespace millrace
