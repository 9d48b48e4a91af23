// Federation: the interface between the runtime of one node and the cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "messages/cluster.pb.h"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace {

class NodeActors;
class ShardMoves;

/// A queue or outbox of this node.
struct LocalQueue {
  queues::QueueHandle handle;      ///< empty: this node has none
  queues::QueueNumber number = 0;  ///< 0 if and only if `handle` is empty
};

/// The newest durable record of each shard, by role and shard. A data directory of an older version
/// has records of moved shards only.
using ShardRecords = std::map<std::pair<std::string, std::uint32_t>, pb::ShardRecord>;

/// Implemented by the cluster; must outlive the runtime. Functions must not throw. The runtime
/// calls recovered() first, then serves(), is_fenced() and remote() while it starts, perhaps compare(), then
/// started() once and stopped() once; remote() also later, on any thread, until stopped() has returned.
class Federation {
 public:
  virtual ~Federation() = default;

  /// Passes on the shard records that this node recovered from its disk, and the queues that it
  /// recovered. Returns the records that the node must make durable before it serves a queue.
  [[nodiscard]] virtual std::vector<pb::ShardRecord> recovered(
      const ShardRecords& records, const std::vector<pb::Declaration>& queues) {
    static_cast<void>(records);
    static_cast<void>(queues);
    return {};
  }

  /// Whether this node has the queue `queue` of `shard` when the runtime starts: it owns the shard,
  /// or may found it. From then on only ShardMoves changes that.
  [[nodiscard]] virtual bool serves(const std::string& queue, std::uint32_t shard) const = 0;

  /// Whether the shard belongs to another node, may belong to one, or has no owner yet. The queue
  /// starts sealed then.
  [[nodiscard]] virtual bool is_fenced(const std::string& queue, std::uint32_t shard) const {
    static_cast<void>(queue);
    static_cast<void>(shard);
    return false;
  }

  /// An actor that stands for the shard of another node: it accepts attaches and offers and answers
  /// as the queue would, or not at all; forwarders offer again. Called again when the owner of the
  /// shard changes. Empty after stopped().
  [[nodiscard]] virtual queues::OfferHandle remote(ActorSystem& system, const std::string& queue,
                                                   std::uint32_t shard) = 0;

  /// Whether the data directory is a copy that other nodes may remember more than. Then the runtime
  /// starts without receivers, forwarders and senders, and calls compare().
  [[nodiscard]] virtual bool must_compare() const { return false; }

  /// Calls `serve` once, on any thread, as soon as no other node can remember more than this one;
  /// `serve` starts what is missing, and calls started(). Calls `outdated` instead if one does. The
  /// arguments are valid until stopped() returns.
  virtual void compare(ActorSystem& system, ShardMoves& moves, std::function<void()> serve,
                       std::function<void(const Error&)> outdated) {
    static_cast<void>(system);
    static_cast<void>(moves);
    static_cast<void>(outdated);
    serve();
  }

  /// From now on the queues that `actors` serves accept offers of other nodes, and `moves` may move
  /// shards. The arguments are valid until stopped() returns.
  virtual void started(ActorSystem& system, const NodeActors& actors, ShardMoves& moves) = 0;

  /// An operator has defined a queue: each shard of the cluster that has no role gets the queue and its
  /// dead letters, by ShardMoves::add_defined(). `done` is called once all have, on any thread; never, if
  /// the node stops first.
  virtual void define_queue(const std::string& queue, const std::string& dead_letters,
                            std::function<void()> done) {
    static_cast<void>(queue);
    static_cast<void>(dead_letters);
    static_cast<void>(done);
  }

  /// Ends all actors of the federation. No offer of another node may reach a queue afterwards.
  virtual void stopped() = 0;
};

}  // namespace millrace
