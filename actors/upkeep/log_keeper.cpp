#include "actors/upkeep/log_keeper.hpp"

#include <memory>
#include <utility>

namespace millrace {
namespace {

/// Looks at a full disk without room for new work, after which the log is packed.
constexpr int retries_until_packed = 10;

}  // namespace

LogKeeper::LogKeeper(journal::Journal& journal, JournalLog& log, NodeActors& actors,
                     const RuntimeOptions& options, Checkpointer::Shards shards)
    : journal_(journal),
      log_(log),
      actors_(actors),
      compactor_(
          journal, options.journal.segment_bytes,
          retries_until_packed * options.journal.allocate_retry,
          [this](queues::QueueNumber queue, journal::SegmentNumber before, Compactor::Done done) {
            compact(queue, before, std::move(done));
          },
          [this] { on_compacted(); }),
      checkpointer_(
          journal,
          {.log_bytes = options.checkpoint_log_bytes,
           .full_log_bytes = options.journal.segment_bytes},
          [this](journal::Lsn lsn) { return request(lsn); }, std::move(shards),
          [this](QueueUse use) { compactor_.consider(std::move(use)); }) {}

std::size_t LogKeeper::request(journal::Lsn lsn) {
  return actors_.snapshot(lsn, [this](const queues::State& state) { checkpointer_.take(state); });
}

void LogKeeper::compact(queues::QueueNumber queue, journal::SegmentNumber before,
                        Compactor::Done done) {
  actors_.compact(queue, before, std::move(done));
}

// What was moved is freed by the next checkpoint. There is no hurry, unless room is short.
void LogKeeper::on_compacted() {
  if (!journal_.storage_full()) return;
  log_.in_order([this](journal::Lsn last) { checkpointer_.begin(last); });
}

Result<void> LogKeeper::checkpoint_now() {
  bool begun = false;
  while (!begun) {
    // Whether an earlier one failed does not matter.
    [[maybe_unused]] const auto failed = checkpointer_.wait_idle();
    log_.in_order([&](journal::Lsn last) { begun = checkpointer_.begin(last); });
  }
  if (auto failed = checkpointer_.wait_idle()) return *failed;
  return {};
}

}  // namespace millrace
