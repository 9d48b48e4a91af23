// LogKeeper: keeps the log short while queues are served: checkpoints, and the compaction of what a
// few old messages hold.
#pragma once

#include "actors/assembly/node_actors.hpp"
#include "actors/assembly/runtime_options.hpp"
#include "actors/upkeep/checkpointer.hpp"
#include "actors/upkeep/compactor.hpp"
#include "actors/upkeep/journal_log.hpp"

namespace millrace {

/// What it is given outlives it; `shards` is who serves which shard, as of the last record of which
/// the queues were told. Destroyed when no queue's actor is left.
class LogKeeper {
 public:
  LogKeeper(journal::Journal& journal, JournalLog& log, NodeActors& actors,
            const RuntimeOptions& options, Checkpointer::Shards shards);

  /// See Checkpointer::on_group.
  void on_group(journal::Lsn lsn) { checkpointer_.on_group(lsn); }

  /// The disk is full: a checkpoint releases what is done with, and compaction what is nearly so.
  void on_storage_full(journal::Lsn lsn) { checkpointer_.on_storage_full(lsn); }
  void after_storage_full() { compactor_.reconsider(); }

  /// Writes a checkpoint of all that the queues have been told. Blocks. Fails as writing does.
  [[nodiscard]] Result<void> checkpoint_now();

 private:
  std::size_t request(journal::Lsn lsn);
  void compact(queues::QueueNumber queue, journal::SegmentNumber before, Compactor::Done done);
  void on_compacted();

  journal::Journal& journal_;
  JournalLog& log_;
  NodeActors& actors_;
  Compactor compactor_;
  Checkpointer checkpointer_;
};

}  // namespace millrace
