// ShardMoves: what a node's runtime does when one of its shards goes to another node, or comes from
// there. The protocol between the nodes is the cluster's: see cluster/move/core/move_core.hpp.
//
//   source   quiesce ─▶ flush outboxes ─▶ export … record (fence) … give_up │ serve_again
//   target   stage, stage, … ─▶ check_staged … install │ drop_staged
//
// A shard here is all the queues of one shard that stages of one role read or give up into.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/shell/any_actor.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace {

/// The queues of one role, in one shard.
struct MovingShard {
  std::string role;
  std::uint32_t shard = 0;
  std::vector<std::string> queues;
};

/// At rest, at the source. `seal` lacks chunks and digest.
struct QuiescedShard {
  struct Queue {
    NodeActors::ServedQueue member;
    queues::Sequence last = 0;     ///< what came later is not the shard's
    std::uint64_t duplicates = 0;  ///< counted by then
    /// All but messages, as checkpoints have it. Null where it was sealed before a restart.
    std::shared_ptr<const std::vector<std::string>> parts;
  };
  std::vector<Queue> queues;
};

/// Thread-safe. Callbacks come once each, on a thread of the actor system or of the log: short, and
/// they may call back in here.
class ShardMoves {
 public:
  using Done = std::function<void(Result<void>)>;

  ShardMoves(ActorSystem& system, NodeActors& actors, queues::RecordLog& log, const Clock& clock);
  ~ShardMoves();

  /// Leases nothing more of the shard, and waits until what is leased has ended and what it made is
  /// durable where it belongs, also at other nodes. Fails with `timeout` when that takes longer
  /// than `timeout`, and serves again then.
  void quiesce(const MovingShard& shard, std::chrono::milliseconds timeout,
               std::function<void(Result<QuiescedShard>)> done);
  void serve_again(const MovingShard& shard);

  /// Hands the quiesced shard to `take` in chunks of about 64 KiB, in order, then calls `done`.
  void export_chunks(const QuiescedShard& shard, std::function<Result<void>(std::string)> take,
                     Done done);

  /// Writes down what this node knows of a shard. `done` when it is durable.
  void record(const pb::ShardRecord& record, std::function<void()> done);

  /// Likewise, and with it the shard leaves: the queues that this node's producers write to become
  /// outboxes, the others end. `record` names the new owner, and `seal` what went there.
  void give_up(const MovingShard& shard, const pb::ShardRecord& record, const pb::Seal& seal,
               std::function<void()> done);

  /// Adds a chunk to the copy of a shard; `anew`: of a new one, in place of what there was. Its
  /// times are of a clock that showed `sent_at_us` just now. Chunks of several queues may become
  /// durable in another order. Fails with `invalid_argument` where the bytes are no chunk or do not
  /// fit here, and with `corrupt` where they are no part of a queue.
  void stage(const MovingShard& shard, bool anew, const std::string& chunk, TimeUs sent_at_us,
             Done done);

  /// Whether the copy has all the queues that this node's pipelines want. Fails with
  /// `invalid_argument`.
  [[nodiscard]] Result<void> check_staged(const MovingShard& shard) const;

  /// Likewise to record(), and with it the copy is the shard, and is served.
  void install(const MovingShard& shard, const pb::ShardRecord& record, std::function<void()> done);

  /// Forgets the copy, if there is one.
  void drop_staged(const MovingShard& shard);

  /// Another node serves the shard now: what waits for it here turns there.
  void retarget(const MovingShard& shard);

  /// Of all shards of which this node has written something down. In log order: for checkpoints.
  [[nodiscard]] ShardRecords records() const;

  /// What was recovered, before the first call of others.
  void recovered(const ShardRecords& records);

 private:
  using Key = std::pair<std::string, std::uint32_t>;
  struct Copy;

  void propose(std::shared_ptr<pb::Record> record, std::function<void()> durable);
  void retire(const std::vector<pb::Declaration>& copies);
  void keep(const pb::ShardRecord& record);

  ActorSystem& system_;
  NodeActors& actors_;
  queues::RecordLog& log_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  ShardRecords records_;
  std::map<Key, std::shared_ptr<Copy>> copies_;
};

}  // namespace millrace
