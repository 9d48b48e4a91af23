#include <gtest/gtest.h>

#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {

// One step of a compaction, as the queue's shell takes them; anything may happen between two.
void RandomDriver::compact() {
  const QueueNumber number = chance(40) ? dead : pick_queue();
  const auto found = compactions_.find(number);
  if (found == compactions_.end()) {
    const auto before = static_cast<logs::SegmentNumber>(1 + pick(world_->segment()));
    const RelocationLimits limits{.messages = 3, .bytes = 1 + pick(200), .looked_at = 1 + pick(10)};
    compactions_.emplace(number, Compaction{CompactionRun(before, limits), before});
    return;
  }
  Compaction& compaction = found->second;
  if (compaction.moving) return;
  if (compaction.reading) {
    read_and_move(number, compaction);
  } else if (compaction.run.is_done()) {
    expect_clean(number, compaction.before);
    compactions_.erase(found);
  } else {
    compaction.wanted = compaction.run.next(world_->queue(number));
    compaction.reading = true;
  }
}

void RandomDriver::read_and_move(QueueNumber number, Compaction& compaction) {
  std::vector<RelocatedBody> read;
  for (const WantedBody& one : compaction.wanted) {
    // As the reader does: it ends where a segment was released meanwhile.
    if (world_->is_released(one.place)) break;
    read.emplace_back(one.sequence, world_->read_body(number, one.place, one.index));
  }
  compaction.reading = false;
  Decision moves = compaction.run.relocate(world_->queue(number), read, world_->now());
  if (!moves.record) return;
  EXPECT_LE(moves.record->change(0).relocation_size(), 3);
  compaction.moving = true;
  send(number, std::move(moves), {[&compaction] {
         compaction.moving = false;
       }});
}

void RandomDriver::expect_clean(QueueNumber number, logs::SegmentNumber before) {
  world_->queue(number).durable.index.for_each([&](Sequence sequence, const Entry& entry) {
    EXPECT_GE(logs::segment_of(entry.place), before)
        << "message " << sequence << " was left behind";
  });
}

}  // namespace millrace::queues
