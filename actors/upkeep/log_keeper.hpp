// LogKeeper: keeps the log short while queues are served, by checkpoints and by compaction.
//
//   on_group ────────────▶ Checkpointer ──written──▶ Compactor ──relocations──▶ queues
//   on_storage_full ─────▶      ▲                        │
//                               └──── disk is full ◀─────┘ compaction is done
#pragma once

#include "actors/assembly/node_actors.hpp"
#include "actors/assembly/runtime_options.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/upkeep/checkpointer.hpp"
#include "actors/upkeep/compactor.hpp"
#include "actors/upkeep/queue_log.hpp"

namespace millrace {

/// Thread-safe. REQUIRES: the arguments outlive it, and it is destroyed after all queue actors,
/// which call back into it.
class LogKeeper {
 public:
  LogKeeper(logs::Log& log, QueueLog& queue_log, NodeActors& actors, const ShardMoves& moves,
            states::StateKeeper* states, states::CopyFiles* copies, const RuntimeOptions& options);

  /// As QueueLogOwner::on_group(): begins a checkpoint when one is due.
  void on_group(logs::Lsn lsn) { checkpointer_.on_group(lsn); }

  /// As QueueLogOwner::on_storage_full(): a checkpoint releases segments without live messages,
  /// and the compaction that follows it empties others.
  void on_storage_full(logs::Lsn lsn) { checkpointer_.on_storage_full(lsn); }

  /// As QueueLogOwner::after_storage_full(): plans compaction anew for the room that is left.
  void after_storage_full() { compactor_.reconsider(); }

  /// Writes a checkpoint as of the last delivered record, behind one that is being written. Blocks;
  /// not for a thread of the actor system or the log. Fails with `storage_failed` or
  /// `storage_full`; the previous checkpoint stays valid then.
  [[nodiscard]] Result<void> checkpoint_now();

  /// Blocks on the disk for a moment.
  [[nodiscard]] UpkeepStats stats();

 private:
  void on_compacted();

  logs::Log& log_;
  QueueLog& queue_log_;
  states::StateKeeper* const states_;
  states::CopyFiles* const copies_;
  Compactor compactor_;
  Checkpointer checkpointer_;
};

}  // namespace millrace
