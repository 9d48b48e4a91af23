#include <gtest/gtest.h>

#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {

// One step of a cleaning, as the queue's shell takes them; anything may happen between two.
void RandomDriver::clean() {
  const QueueNumber number = chance(40) ? dead : pick_queue();
  const auto found = cleanings_.find(number);
  if (found == cleanings_.end()) {
    const auto before = static_cast<journal::SegmentNumber>(1 + pick(world_->segment()));
    const MoveLimits limits{.messages = 3, .bytes = 1 + pick(200), .looked_at = 1 + pick(10)};
    cleanings_.emplace(number, Cleaning{CleaningRun(before, limits), before});
    return;
  }
  Cleaning& cleaning = found->second;
  if (cleaning.moving) return;
  if (cleaning.reading) {
    read_and_move(number, cleaning);
  } else if (cleaning.run.is_done()) {
    expect_clean(number, cleaning.before);
    cleanings_.erase(found);
  } else {
    cleaning.wanted = cleaning.run.next(world_->queue(number));
    cleaning.reading = true;
  }
}

void RandomDriver::read_and_move(QueueNumber number, Cleaning& cleaning) {
  std::vector<MovedBody> read;
  for (const WantedBody& one : cleaning.wanted) {
    // As the reader does: it ends where a segment was released meanwhile.
    if (world_->is_released(one.place)) break;
    read.emplace_back(one.sequence, world_->read_body(number, one.place, one.index));
  }
  cleaning.reading = false;
  Decision moves = cleaning.run.moves(world_->queue(number), read, world_->now());
  if (!moves.record) return;
  EXPECT_LE(moves.record->change(0).move_size(), 3);
  cleaning.moving = true;
  send(number, std::move(moves), {[&cleaning] {
         cleaning.moving = false;
       }});
}

void RandomDriver::expect_clean(QueueNumber number, journal::SegmentNumber before) {
  world_->queue(number).durable.index.for_each([&](Sequence sequence, const Entry& entry) {
    EXPECT_GE(journal::segment_of(entry.place), before)
        << "message " << sequence << " was left behind";
  });
}

}  // namespace millrace::queues
