// Promise: why a message waits is told for each cause, and for what several hold back in the order in which they
// must end.
#include "actors/queue/decide/explain.hpp"

#include <gtest/gtest.h>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueExplain : public ::testing::Test {
 protected:
  std::string causes(Sequence sequence) {
    std::string all;
    for (const WaitReason& reason : explain(sequence)) {
      all += (all.empty() ? "" : " ") + std::string(to_string(reason.cause));
    }
    return all;
  }
  std::vector<WaitReason> explain(Sequence sequence) {
    const Body* body = work.state().durable.index.body(sequence);
    const MessageId id =
        body == nullptr ? MessageId{} : MessageId{(*body)->id_high(), (*body)->id_low()};
    return queues::explain(work.state(), sequence, id, work.world.time());
  }
  void pause(PauseCommand command) {
    work.world.send(1, decide_pause(work.state(), command, work.world.now()).decision);
    work.world.commit();
  }
  void ask(std::uint32_t demand = 1) { work.state().live.receivers[7].demand = demand; }

  Work work;
};

TEST_F(QueueExplain, OfAMessageThatIsNotThereIsNothing) {
  EXPECT_EQ(causes(1), "");
  work.append("a", "a1");
  EXPECT_TRUE(queues::explain(work.state(), 1, {.high = 7, .low = 7}, work.world.time()).empty())
      << "the number is of another message";
}

TEST_F(QueueExplain, OfAMessageThatIsReady) {
  work.append("a", "a1");
  EXPECT_EQ(causes(1), "nobody_asks");
  ask();
  EXPECT_EQ(causes(1), "turn");
}

TEST_F(QueueExplain, OfALeaseAndOfWhatIsBehindIt) {
  work.state().limits.run_messages = 1;
  for (const char* payload : {"a1", "a2"}) work.append("a", payload);
  const auto grants = work.lease(1);
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(causes(1), "leased");
  EXPECT_EQ(explain(1)[0].until_us - work.world.now(), grants[0].deadline_us - work.world.steady());
  EXPECT_EQ(causes(2), "behind leased");
  EXPECT_EQ(explain(2)[0].sequence, 1u);
  work.complete(Work::acked(grants[0]));
  EXPECT_EQ(causes(1), "settling");
  EXPECT_EQ(causes(2), "behind settling");
}

TEST_F(QueueExplain, OfADelayAndOfARetry) {
  auto late = message("a", "a1");
  late->set_not_before_us(work.world.now() + 5'000'000);
  work.append(*late);
  ask();
  EXPECT_EQ(causes(1), "delayed");
  EXPECT_EQ(explain(1)[0].until_us, work.world.now() + 5'000'000);
  EXPECT_EQ(explain(1)[0].failed, 0u);
  work.append("b", "b1");
  for (const Grant& grant : work.lease(1)) work.complete(Work::outcome(grant, {Kind::failed}));
  work.world.commit();
  ask();
  EXPECT_EQ(causes(2), "delayed");
  EXPECT_EQ(explain(2)[0].failed, 1u);
  EXPECT_GT(explain(2)[0].until_us, work.world.now());
}

TEST_F(QueueExplain, OfPauses) {
  for (const char* payload : {"a1", "a2"}) work.append("a", payload);
  ask();
  pause({.key = "a", .for_us = 60'000'000, .reason = "fraud?", .by = "ann"});
  EXPECT_EQ(causes(1), "key_paused");
  EXPECT_EQ(explain(1)[0].reason, "fraud?");
  EXPECT_EQ(explain(1)[0].by, "ann");
  EXPECT_EQ(explain(1)[0].until_us, work.world.now() + 60'000'000);
  EXPECT_EQ(causes(2), "behind key_paused");
  EXPECT_TRUE(work.lease(1).empty()) << "the key is held now";
  EXPECT_EQ(causes(1), "key_paused");
  pause({.reason = "all"});
  EXPECT_EQ(causes(1), "key_paused queue_paused");
}

TEST_F(QueueExplain, OfWhatHoldsTheQueueBack) {
  work.append("a", "a1");
  ask();
  State& state = work.state();
  state.durable.breaker_open_since_us = 42;
  EXPECT_EQ(causes(1), "breaker_open");
  EXPECT_EQ(explain(1)[0].since_us, 42);
  state.durable.breaker_open_since_us = 0;
  state.live.blocked = 1;
  EXPECT_EQ(causes(1), "downstream");
  state.live.blocked = 0;
  state.live.quiesced = true;
  EXPECT_EQ(causes(1), "moving");
  state.live.quiesced = false;
  state.live.exhausted = true;
  EXPECT_EQ(causes(1), "no_room");
  state.live.exhausted = false;
  state.live.loading_states = true;
  EXPECT_EQ(causes(1), "loading");
  state.live.loading_states = false;
  state.limits.in_flight = 0;
  EXPECT_EQ(causes(1), "in_flight");
  state.limits.in_flight = 10;
  state.live.draining = true;
  EXPECT_EQ(causes(1), "draining");
}

TEST_F(QueueExplain, OfASuspectAndOfABodyOnTheDisk) {
  work.append("a", "a1");
  ask();
  State& state = work.state();
  state.durable.index.find(1)->has_failure = true;
  state.durable.failures[1] = {.deaths = 1, .runs_alone = true};
  EXPECT_EQ(causes(1), "alone");
  state.durable.failures.erase(1);
  state.durable.index.find(1)->has_failure = false;
  state.durable.index.drop_body(1);
  EXPECT_EQ(causes(1), "loading");
}

}  // namespace
}  // namespace millrace::queues
