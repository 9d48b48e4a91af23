// Promise: a timer fires once when due; a replaced or cleared timer does not fire, even while
// records are in flight. Checked by the messages that are appended.
#include <gtest/gtest.h>

#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueTimer : public ::testing::Test {
 protected:
  // A message of key "k" is handled, and sets and clears timers.
  void handle(const std::vector<std::pair<std::string, TimeUs>>& set,
              const std::vector<std::string>& clear = {}) {
    work.append("k", "input");
    LeaseOutcome outcome = Work::acked(work.lease(1).at(0));
    add_timers(outcome.messages[0], set, clear);
    work.complete(std::move(outcome));
  }
  void add_timers(MessageOutcome& outcome, const std::vector<std::pair<std::string, TimeUs>>& set,
                  const std::vector<std::string>& clear) const {
    for (const auto& [name, due_us] : set) {
      pb::TimerSet& timer = outcome.timers_set.emplace_back();
      timer.set_key("k");
      timer.set_name(name);
      timer.set_due_us(start + due_us);
      *timer.mutable_envelope() = *message("k", name + "@" + std::to_string(due_us));
    }
    outcome.timers_cleared = clear;
  }
  std::size_t fire() {
    Decision due = decide_timers(work.state(), work.world.now());
    const std::size_t fired = due.pending.timers.size();
    work.world.send(1, std::move(due));
    return fired;
  }
  [[nodiscard]] std::size_t timers() { return work.state().durable.keyed.timers().size(); }

  Work work;
  const TimeUs start = work.world.now();
};

TEST_F(QueueTimer, FiresOnceWhenDue) {
  handle({{"t", 100}});
  work.world.commit();
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), start + 100);
  work.world.advance(99);
  EXPECT_EQ(fire(), 0u);
  work.world.advance(1);
  EXPECT_EQ(fire(), 1u);
  EXPECT_EQ(fire(), 0u) << "it is on its way";
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), std::nullopt);
  work.world.commit();
  EXPECT_EQ(fire(), 0u);
  EXPECT_EQ(timers(), 0u);
  EXPECT_EQ(text(work.lease(5)), "t@100");
}

TEST_F(QueueTimer, FiresAfterACrashThatLostItsFiring) {
  handle({{"t", 100}});
  work.world.commit();
  work.world.advance(100);
  EXPECT_EQ(fire(), 1u);
  work.world.crash();
  EXPECT_EQ(fire(), 1u);
  work.world.commit();
  EXPECT_EQ(text(work.lease(5)), "t@100");
}

TEST_F(QueueTimer, IsReplacedByOneOfItsName) {
  handle({{"t", 100}});
  work.world.commit();
  handle({{"t", 300}, {"other", 200}});
  work.world.commit();
  EXPECT_EQ(timers(), 2u);
  work.world.advance(300);
  EXPECT_EQ(fire(), 2u);
  work.world.commit();
  EXPECT_EQ(text(work.lease(5)), "other@200+t@300");
}

TEST_F(QueueTimer, IsCleared) {
  handle({{"t", 100}});
  work.world.commit();
  handle({}, {"t", "never set"});
  work.world.commit();
  EXPECT_EQ(timers(), 0u);
}

TEST_F(QueueTimer, DoesNotFireWhileItsReplacementIsInFlight) {
  handle({{"t", 100}});
  work.world.commit();
  work.world.advance(100);
  handle({{"t", 300}});
  EXPECT_EQ(fire(), 0u);
  work.world.commit();
  EXPECT_EQ(timers(), 1u) << "the firing of the old one must not clear the new one";
  work.world.advance(200);
  EXPECT_EQ(fire(), 1u);
}

TEST_F(QueueTimer, DoesNotFireWhileItsClearingIsInFlight) {
  handle({{"t", 100}});
  work.world.commit();
  work.world.advance(100);
  handle({}, {"t"});
  EXPECT_EQ(fire(), 0u);
  work.world.commit();
  EXPECT_EQ(timers(), 0u);
}

TEST_F(QueueTimer, MayBeSetAgainWhileItFires) {
  handle({{"t", 100}});
  work.world.commit();
  work.world.advance(100);
  EXPECT_EQ(fire(), 1u);
  handle({{"t", 300}});
  work.world.commit();
  EXPECT_EQ(timers(), 1u);
  EXPECT_EQ(text(work.lease(5)), "t@100");
}

TEST_F(QueueTimer, SetAndThenClearedWithinARunIsCleared) {
  work.append("k", "1");
  work.append("k", "2");
  LeaseOutcome outcome = Work::acked(work.lease(2).at(0));
  add_timers(outcome.messages[0], {{"t", 100}, {"kept", 100}}, {});
  add_timers(outcome.messages[1], {}, {"t"});
  work.complete(std::move(outcome));
  work.world.commit();
  ASSERT_EQ(timers(), 1u);
  EXPECT_EQ(work.state().durable.keyed.timers().begin()->second.name, "kept");
}

TEST_F(QueueTimer, ClearedAndThenSetWithinARunIsSet) {
  handle({{"t", 50}});
  work.world.commit();
  work.append("k", "1");
  work.append("k", "2");
  LeaseOutcome outcome = Work::acked(work.lease(2).at(0));
  add_timers(outcome.messages[0], {}, {"t"});
  add_timers(outcome.messages[1], {{"t", 100}}, {"t"});
  work.complete(std::move(outcome));
  work.world.commit();
  ASSERT_EQ(timers(), 1u);
  EXPECT_EQ(work.state().durable.keyed.timers().begin()->first.first, start + 100);
}

TEST_F(QueueTimer, FiresInOrderOfTimeAndInBoundedNumbers) {
  handle({{"c", 30}, {"a", 10}, {"b", 20}});
  work.world.commit();
  work.world.advance(30);
  Decision due = decide_timers(work.state(), work.world.now(), 2);
  ASSERT_EQ(due.record->change(0).append_size(), 2);
  EXPECT_EQ(due.record->change(0).append(0).payload(), "a@10");
  EXPECT_EQ(due.record->change(0).append(1).payload(), "b@20");
}

}  // namespace
}  // namespace millrace::queues
