// TestNode: one node in a test: the real actors on a deterministic system, over a log in memory
// that a crash leaves as it was. Clients outlive a crash and offer again what was not confirmed,
// and one that another has taken over from goes on all the same, as who does not know it yet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/any_actor.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/routed.hpp"
#include "actors/testing/memory_log.hpp"
#include "actors/testing/shell/deterministic_actor_system.hpp"

namespace millrace {

struct TestNodeOptions {
  std::string name = "test";  ///< names its outboxes and its clients to other nodes
  std::uint32_t shards = 1;
  std::uint64_t seed = 0;
  queues::Limits limits{};
  /// As RuntimeOptions::serves and NodeActors::Surroundings::remote.
  std::function<bool(const std::string& queue, std::uint32_t shard)> serves{};
  std::function<queues::OfferHandle(const std::string& queue, std::uint32_t shard)> remote{};
  /// As those of Federation.
  std::function<void(const ShardRecords&)> recovered{};
  std::function<bool(const std::string& queue, std::uint32_t shard)> is_fenced{};
  const Clock* clock = nullptr;  ///< the node's own; null: that of the system
  /// What it keeps its records in; empty: memory.
  std::function<std::unique_ptr<MemoryLog>(CommitRouter::Deliver)> make_log{};
};

/// For one thread. Wrong use throws std::invalid_argument.
class TestNode {
 public:
  TestNode(DeterministicActorSystem& system, std::vector<PipelineSpec> pipelines,
           TestNodeOptions options);
  ~TestNode() { stop(); }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  /// Brings the node up on what its log holds. Fails where the disk does; then the node is down.
  Result<void> start();
  /// Its clients connect; those from whom others have taken over did so as it started.
  void connect();
  /// Begins its drain, as stop of a runtime does; it goes on for as long as the test likes.
  void drain();
  /// Ends it as a crash does: what is not in the log is gone. Nothing happens where it is down.
  void stop();
  [[nodiscard]] bool is_up() const { return actors_ != nullptr; }

  /// Offers a message to `queue`, now or when the node is up again.
  void send(const std::string& queue, const std::string& type, pb::Envelope envelope);

  /// Another sender goes on for the client of `queue`, with the next epoch. Nothing happens until
  /// something was sent there.
  void take_over(const std::string& queue);
  /// The sender from which that one took over connects again, or offers a message where it was let
  /// in. That must never arrive. False where nobody has taken over, or not for sure.
  bool send_late(const std::string& queue, pb::Envelope envelope);

  /// Proposals that are not durable are in it.
  [[nodiscard]] MemoryLog& log() { return *log_; }

  /// Looks after its clients: hands over what they send. True when there was something to do.
  bool poll_clients();
  /// What its clients have seen that must not be, in one line; else empty.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Messages that were confirmed to the client of `queue`.
  [[nodiscard]] std::vector<pb::Envelope> confirmed(const std::string& queue) const;

  [[nodiscard]] NodeActors& actors() { return *actors_; }
  [[nodiscard]] ShardMoves& moves() { return *moves_; }
  /// Numbers of a queue that this node serves; it is up.
  [[nodiscard]] std::vector<queues::QueueNumber> served(const std::string& queue) const;

 private:
  /// A sender, as long as the node is up.
  struct Link {
    std::shared_ptr<senders::SenderInbox> inbox{};
    AnyActor actor{};
  };
  struct Client {
    std::string type;
    std::uint64_t epoch = 1;
    std::uint64_t known_epoch = 0;  ///< the highest that every shard has confirmed
    Link link{};
    Link former{};  ///< of the epoch before
    bool is_ready = false;
    std::vector<std::vector<pb::Envelope>> sent{};  ///< by shard, in order, all of them
    std::vector<std::uint64_t> confirmed{};         ///< by shard, how many of them
  };

  void connect(const std::string& queue, Client& client);
  [[nodiscard]] Link link(const std::string& queue, const Client& client, std::uint64_t epoch);
  void check_settled(const std::string& queue, Client& client,
                     const std::vector<std::uint64_t>& settled);
  void offer(Client& client, std::uint32_t shard, std::size_t index);

  DeterministicActorSystem& system_;
  const std::vector<PipelineSpec> pipelines_;
  const TestNodeOptions options_;
  Wiring wiring_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<NodeActors> actors_;
  std::unique_ptr<ShardMoves> moves_;
  std::map<std::string, Client> clients_;
  std::string violation_;
};

}  // namespace millrace
