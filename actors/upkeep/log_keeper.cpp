#include "actors/upkeep/log_keeper.hpp"

namespace millrace {
namespace {

/// The back-off of compaction, in intervals at which the log reports that it is full.
constexpr int back_off_retries = 10;

}  // namespace

LogKeeper::LogKeeper(logs::Log& log, QueueLog& queue_log, NodeActors& actors,
                     const ShardMoves& moves, states::StateKeeper* states,
                     states::CopyFiles* copies, const RuntimeOptions& options)
    : log_(log),
      queue_log_(queue_log),
      states_(states),
      copies_(copies),
      compactor_(log, actors,
                 {.segment_bytes = log.segment_bytes(),
                  .back_off = back_off_retries * log.full_interval()},
                 [this] { on_compacted(); }),
      checkpointer_(
          log, actors, moves, compactor_, states, copies,
          {.log_bytes = options.checkpoint_log_bytes, .full_log_bytes = log.segment_bytes()}) {}

// The next checkpoint releases the segments that compaction emptied. Only a full disk cannot wait
// until that checkpoint is due.
void LogKeeper::on_compacted() {
  if (!log_.storage_full()) return;
  queue_log_.in_order([this](logs::Lsn last) { checkpointer_.begin(last); });
}

Result<void> LogKeeper::checkpoint_now() {
  bool has_begun = false;
  while (!has_begun) {
    // The failure of an earlier checkpoint does not matter here.
    [[maybe_unused]] const auto failure = checkpointer_.wait_idle();
    queue_log_.in_order([&](logs::Lsn last) { has_begun = checkpointer_.begin(last); });
  }
  if (auto failure = checkpointer_.wait_idle()) return *failure;
  return {};
}

UpkeepStats LogKeeper::stats() {
  UpkeepStats stats{.checkpoints = checkpointer_.stats()};
  if (states_ == nullptr) return stats;
  const states::TableSize size = states_->store().size();
  stats.has_states = true;
  stats.states = {.disk_bytes = size.disk_bytes,
                  .items = size.items,
                  .lookups = states_->lookups(),
                  .misses = states_->misses(),
                  .put_bytes = copies_ == nullptr ? 0 : copies_->put_bytes()};
  return stats;
}

}  // namespace millrace
