// Promise: a relocated message keeps its state, whatever is in flight for it, and a compaction
// leaves no live message in its segments. Checked by the messages that are leased, and by a replay.
#include <gtest/gtest.h>

#include "actors/queue/decide/decide_relocation.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueMove : public ::testing::Test {
 protected:
  // Appends records of another queue, so that later records go into a later segment.
  void next_segment() {
    const logs::SegmentNumber before = work.world.segment();
    while (work.world.segment() == before) work.append(*message("x"), 3);
  }
  [[nodiscard]] logs::SegmentNumber segment_of(Sequence sequence, QueueNumber queue = 1) {
    return logs::segment_of(work.state(queue).durable.index.find(sequence)->place);
  }
  std::vector<RelocatedBody> read(QueueNumber queue, const std::vector<WantedBody>& wanted) {
    std::vector<RelocatedBody> bodies;
    bodies.reserve(wanted.size());
    for (const WantedBody& one : wanted) {
      bodies.emplace_back(one.sequence, work.world.read_body(queue, one.place, one.index));
    }
    return bodies;
  }
  // Proposes one step, without a commit. Returns the number of messages that it relocates.
  int step(CompactionRun& run, QueueNumber queue = 1) {
    const auto wanted = run.next(work.state(queue));
    Decision moves = run.relocate(work.state(queue), read(queue, wanted), work.world.now());
    const auto record = work.world.send(queue, std::move(moves));
    return record ? record->change(0).relocation_size() : 0;
  }
  // Relocates all live messages that lie before the current segment, and commits each step.
  int compact(QueueNumber queue = 1, const RelocationLimits& limits = {}) {
    CompactionRun run(work.world.segment(), limits);
    int moved = 0;
    while (!run.is_done()) {
      moved += step(run, queue);
      work.world.commit();
    }
    return moved;
  }
  void expect_replay_equal() {
    for (const auto& [number, state] : work.world.replayed()) {
      EXPECT_EQ(durable_text(*state), durable_text(work.state(number)));
    }
    const Checkpoint checkpoint = work.world.checkpoint();
    for (const auto& [number, state] : work.world.replayed(&checkpoint)) {
      EXPECT_EQ(durable_text(*state), durable_text(work.state(number)));
    }
  }
  void forget_bodies() {
    for (const Sequence sequence : {1u, 2u, 3u}) work.state().durable.index.drop_body(sequence);
  }

  Work work;
};

TEST_F(QueueMove, LeavesNothingBehindAndChangesNoOrder) {
  for (const char* key : {"a", "b", "a"})
    work.append(key, key + std::to_string(work.state().durable.last));
  next_segment();
  EXPECT_EQ(compact(), 3);
  next_segment();
  work.world.release();
  forget_bodies();
  expect_replay_equal();
  EXPECT_EQ(text(work.lease(9)), "a0+a2 b1");
}

TEST_F(QueueMove, TakesBodiesFromTheLogWhenTheyAreNotInMemory) {
  work.append("a", "body");
  forget_bodies();
  next_segment();
  CompactionRun run(work.world.segment());
  EXPECT_EQ(run.next(work.state()).size(), 1u);
  EXPECT_EQ(compact(), 1);
  work.world.release();
  EXPECT_EQ(text(work.lease(1)), "body");
}

TEST_F(QueueMove, LeavesMessagesOfLaterSegments) {
  work.append("a");
  next_segment();
  const logs::SegmentNumber mark = work.world.segment();
  work.append("b");
  next_segment();
  CompactionRun run(mark);
  EXPECT_EQ(step(run), 1);
  work.world.commit();
  EXPECT_TRUE(run.is_done());
  EXPECT_EQ(segment_of(2), mark);
  EXPECT_EQ(compact(), 1) << "the first lies in the current segment now";
}

TEST_F(QueueMove, ProceedsInBoundedSteps) {
  for (int i = 0; i < 10; ++i) work.append("k" + std::to_string(i), std::string(100, 'x'));
  next_segment();
  CompactionRun by_count(work.world.segment(), {.messages = 3});
  EXPECT_EQ(step(by_count), 3);
  CompactionRun by_bytes(work.world.segment(), {.bytes = 200});
  EXPECT_EQ(step(by_bytes), 2);
  CompactionRun large(work.world.segment(), {.bytes = 1});
  EXPECT_EQ(step(large), 1) << "one is taken whatever its size";
  work.world.commit();
  EXPECT_EQ(compact(1, {.messages = 2, .looked_at = 1}), 7);
  expect_replay_equal();
}

TEST_F(QueueMove, BehindAnAckInFlightBringsNoMessageBack) {
  work.append("a");
  next_segment();
  const auto grants = work.lease(1);
  CompactionRun run(work.world.segment());
  work.complete(Work::acked(grants.at(0)));
  EXPECT_EQ(step(run), 1) << "the ack is not durable yet";
  work.world.commit();
  EXPECT_EQ(work.state().durable.index.size(), 0u);
  EXPECT_EQ(work.state().durable.ledger.acked, 1u);
  expect_replay_equal();
}

TEST_F(QueueMove, OfALeasedMessageLeavesTheLease) {
  work.append("a");
  next_segment();
  const auto grants = work.lease(1);
  EXPECT_EQ(compact(), 1);
  EXPECT_TRUE(work.complete(Work::acked(grants.at(0))).refused.empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.acked, 1u);
  expect_replay_equal();
}

TEST_F(QueueMove, OfADelayedMessageKeepsItsTimeAndItsFailures) {
  work.append("a");
  MILLRACE_ASSERT(
      work.complete(Work::outcome(work.lease(1).at(0), {Kind::failed})).refused.empty());
  work.world.commit();
  next_segment();
  EXPECT_EQ(compact(), 1);
  EXPECT_EQ(text(work.lease(1)), "") << "it is not due";
  expect_replay_equal();
  work.world.crash();
  work.world.advance(1'000'000);
  const auto grants = work.lease(1);
  ASSERT_EQ(text(grants), "a");
  EXPECT_EQ(grants[0].messages[0].failed, 1u);
}

TEST_F(QueueMove, OfADeadLetterKeepsItsReason) {
  work.append("a");
  work.complete(Work::outcome(work.lease(1).at(0), {Kind::rejected}));
  work.world.commit();
  next_segment();
  EXPECT_EQ(compact(2), 1);
  next_segment();
  work.world.release();
  const Entry& entry = *work.state(2).durable.index.find(1);
  const Body dead_letter = work.world.read_body(2, entry.place, entry.index);
  EXPECT_EQ(dead_letter->dead_letter().reason(), "because");
  EXPECT_EQ(dead_letter->dead_letter().origin_sequence(), 1u);
  expect_replay_equal();
}

TEST_F(QueueMove, LostInACrashLeavesTheMessageInItsPlace) {
  work.append("a");
  const logs::SegmentNumber before = segment_of(1);
  next_segment();
  CompactionRun run(work.world.segment());
  EXPECT_EQ(step(run), 1);
  work.world.crash();
  EXPECT_EQ(segment_of(1), before);
  EXPECT_EQ(compact(), 1);
  EXPECT_EQ(text(work.lease(1)), "a");
}

TEST_F(QueueMove, SkipsNoMessageWhenASegmentIsReleasedDuringTheRead) {
  for (const char* key : {"a", "b", "c"}) work.append(key);
  forget_bodies();
  next_segment();
  CompactionRun run(work.world.segment());
  const auto wanted = run.next(work.state());
  ASSERT_EQ(wanted.size(), 3u);
  // Only the first body was read; the next step must find the other messages again.
  const auto first = read(1, {wanted[0]});
  work.world.send(1, run.relocate(work.state(), first, work.world.now()));
  work.world.commit();
  EXPECT_FALSE(run.is_done());
  EXPECT_EQ(step(run), 2);
  work.world.commit();
  EXPECT_TRUE(run.is_done());
}

TEST_F(QueueMove, IsNotDecidedForMessagesThatAreGoneOrRelocated) {
  work.append("a");
  work.append("b");
  next_segment();
  const std::vector<RelocatedBody> bodies{
      {1, Body(message("a"))}, {2, Body(message("b"))}, {9, Body(message("c"))}};
  const logs::SegmentNumber mark = work.world.segment();
  work.complete(Work::acked(work.lease(1).at(0)));
  work.world.commit();
  CompactionRun run(mark);
  EXPECT_EQ(step(run), 1);
  work.world.commit();
  EXPECT_EQ(decide_relocation(work.state(), mark, bodies, work.world.now()).record, nullptr);
}

}  // namespace
}  // namespace millrace::queues
