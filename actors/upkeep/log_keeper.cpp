#include "actors/upkeep/log_keeper.hpp"

namespace millrace {
namespace {

/// The back-off of compaction, in intervals at which the journal retries to allocate a segment.
constexpr int back_off_retries = 10;

}  // namespace

LogKeeper::LogKeeper(journal::Journal& journal, JournalLog& log, NodeActors& actors,
                     const ShardMoves& moves, const RuntimeOptions& options)
    : journal_(journal),
      log_(log),
      compactor_(journal, actors,
                 {.segment_bytes = options.journal.segment_bytes,
                  .back_off = back_off_retries * options.journal.allocate_retry},
                 [this] { on_compacted(); }),
      checkpointer_(journal, actors, moves, compactor_,
                    {.log_bytes = options.checkpoint_log_bytes,
                     .full_log_bytes = options.journal.segment_bytes}) {}

// The next checkpoint releases the segments that compaction emptied. Only a full disk cannot wait
// until that checkpoint is due.
void LogKeeper::on_compacted() {
  if (!journal_.storage_full()) return;
  log_.in_order([this](journal::Lsn last) { checkpointer_.begin(last); });
}

Result<void> LogKeeper::checkpoint_now() {
  bool has_begun = false;
  while (!has_begun) {
    // The failure of an earlier checkpoint does not matter here.
    [[maybe_unused]] const auto failure = checkpointer_.wait_idle();
    log_.in_order([&](journal::Lsn last) { has_begun = checkpointer_.begin(last); });
  }
  if (auto failure = checkpointer_.wait_idle()) return *failure;
  return {};
}

}  // namespace millrace
