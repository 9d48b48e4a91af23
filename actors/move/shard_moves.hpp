// ShardMoves: one node's part in moving a shard, as source or as target. The protocol between the
// nodes is in cluster/move/core/move_core.hpp.
//
//   source   quiesce ─▶ flush outboxes ─▶ export … record (fence) … give_up │ serve_again
//   target   stage, stage, … ─▶ check_staged … install │ drop_staged
//
// A shard here means the queues of one shard number that stages of one role read, and their dead
// letter queues.
#pragma once

#include <chrono>
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
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/move/recollection.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace {

/// The queues of one role, in one shard.
struct MovingShard {
  std::string role;
  std::uint32_t shard = 0;
  std::vector<std::string> queues;
};

/// A sealed shard at the source.
struct QuiescedShard {
  struct Queue {
    NodeActors::ServedQueue member;
    queues::Sequence last = 0;     ///< the seal: later messages stay at this node
    std::uint64_t duplicates = 0;  ///< of the ledger when the queue was sealed
    /// The snapshot of the queue without its messages. Null if it was sealed before a restart.
    std::shared_ptr<const std::vector<std::string>> parts;
  };
  std::vector<Queue> queues;
};

/// Thread-safe; no function blocks. Each `done` is called at most once, on the calling thread or a
/// thread of the actor system or of the log. Callbacks must neither block nor throw, and may call
/// ShardMoves. A `done` that waits for a record is not called after a failure of the log (quiesce()
/// fails with `timeout` then), and that of a waiting chunk not after the staged shard is dropped.
/// For one shard the caller makes the calls in the order of the diagram; calls for different shards
/// may run at once.
class ShardMoves {
 public:
  using Done = std::function<void(Result<void>)>;

  ShardMoves(ActorSystem& system, NodeActors& actors, queues::RecordLog& log, const Clock& clock);
  ~ShardMoves();

  /// Whether actors that may block get threads of their own; not where a test runs all in one thread.
  [[nodiscard]] bool has_threads() const;

  /// Quiesces and seals the queues of the shard: they lease nothing more; their leases end, and the
  /// outputs of their stages become durable in their queues, also at other nodes. Fails with
  /// `timeout` or, if the node stops, `draining`; the queues serve again then.
  void quiesce(const MovingShard& shard, std::chrono::milliseconds timeout,
               std::function<void(Result<QuiescedShard>)> done);
  /// Quiesces and seals the queues of the shard at once and for as long as the node runs, because
  /// another node owns it. Nothing that happens here ends it: neither time nor a peer that is away.
  void fence(const MovingShard& shard);
  /// Ends the quiescence of the shard: its queues lease again. Does nothing to a serving queue.
  void serve_again(const MovingShard& shard);

  /// Calls `take` with serialized pb::ShardChunk of about 64 KiB each, in order, on one thread at a
  /// time, then `done`. A failure of `take` ends the export and is passed to `done`. Other
  /// failures: `draining` (the node stops), `corrupt` (the log lacks a message), `too_large` (a key
  /// with its history does not fit into a chunk).
  void export_chunks(const QuiescedShard& shard, std::function<Result<void>(std::string)> take,
                     Done done);

  /// Writes `record` to the log; it replaces the previous record of its role and shard when it is
  /// durable.
  void record(const pb::ShardRecord& record, std::function<void()> done);

  /// As record(), and with the same log record this node gives up the shard: ingresses become
  /// outboxes, other queues end. `record` names the new owner; `seal` names the last message of
  /// each queue that moved there.
  void give_up(const MovingShard& shard, const pb::ShardRecord& record, const pb::Seal& seal,
               std::function<void()> done);

  /// Adds a chunk to the staged shard; `done` when it is durable. `anew` drops an earlier staged
  /// shard first. Times in the chunk are of a clock that shows `sent_at_us` now. Chunks of
  /// different queues may become durable in another order than that of the calls. Fails with
  /// `invalid_argument` (not a chunk, or of a queue that differs here), `corrupt` (not a part of a
  /// queue), `storage_full`, or `draining`.
  void stage(const MovingShard& shard, bool anew, const std::string& chunk, TimeUs sent_at_us,
             Done done);

  /// Fails with `invalid_argument` if a queue of `shard` has no chunk in the staged shard.
  [[nodiscard]] Result<void> check_staged(const MovingShard& shard) const;

  /// As record(), and with the same log record the staged shard becomes the shard, which this node
  /// serves from then on. Without a staged shard it is record().
  void install(const MovingShard& shard, const pb::ShardRecord& record, std::function<void()> done);

  /// As record(), and this node serves the shard from then on. Its queues that exist begin as they
  /// are; the caller calls serve_again(). If it has none, they begin empty, and beyond the first epoch
  /// with Declaration::began_anew.
  void found(const MovingShard& shard, const pb::ShardRecord& record, std::function<void()> done);

  /// As record(), of the shard's record as it is; with the same log record the shard gets a queue that an
  /// operator has defined, and its dead letters, or an outbox for them where this node does not serve
  /// it. Nothing else may happen to the shard meanwhile. Does nothing more than record() if the shard has
  /// the queue.
  void add_defined(const std::string& queue, const pb::ShardRecord& record, bool serves,
                   std::function<void()> done);

  /// Whether this node has a queue of the shard that is no outbox, serving or sealed.
  [[nodiscard]] bool holds(const MovingShard& shard) const;

  /// Drops the staged shard, if there is one.
  void drop_staged(const MovingShard& shard);

  /// The owner of the shard has changed: outboxes for its queues forward to the new owner.
  void retarget(const MovingShard& shard);

  /// Calls `done` with what all queues of this node remember, including the records that are in flight
  /// now; on the thread of a queue. Never calls it if a queue ends first: then ask again.
  void recollect(std::function<void(queues::Recollection)> done);

  /// RuntimeOptions::generation: another number for each start of the node.
  [[nodiscard]] std::uint64_t generation() const { return actors_.generation(); }

  /// The newest durable record of each shard. Checkpoints call it while no record is delivered.
  [[nodiscard]] ShardRecords records() const;

  /// Sets the recovered records. REQUIRES: called before any other function.
  void recovered(const ShardRecords& records);

 private:
  using Key = std::pair<std::string, std::uint32_t>;
  struct StagedShard;

  /// Starts a staged shard without chunks. As NodeActors::add_staged().
  [[nodiscard]] Result<void> begin_staged(const MovingShard& shard, StagedShard& staged,
                                          bool began_anew);
  void propose(std::shared_ptr<pb::Record> record, std::function<void()> durable);
  void retire(const std::vector<pb::Declaration>& staged);
  void keep(const pb::ShardRecord& record);

  ActorSystem& system_;
  NodeActors& actors_;
  queues::RecordLog& log_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  ShardRecords records_;
  std::map<Key, std::shared_ptr<StagedShard>>
      staged_;  ///< shards being received; guarded by mutex_
};

}  // namespace millrace
