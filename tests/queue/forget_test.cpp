// Promise: a message is leased with the state of its key or not at all; a key is forgotten only where
// it has no message, no timer and no later change, and is not leased meanwhile; steps of the wall
// clock make no key older. Checked on a queue whose keys are on disk, with the test as the disk.
#include <gtest/gtest.h>

#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

constexpr DurationUs hour = 3'600'000'000;

class KeysOnDisk : public ::testing::Test {
 protected:
  KeysOnDisk() { keyed().keep_on_disk(false); }
  KeyedStore& keyed() { return work.state().durable.keyed; }

  void handle(const std::string& key, const std::string& value) {
    work.append(key);
    set(work.lease(1).at(0), value);
  }
  void set(const Grant& grant, const std::string& value) {
    LeaseOutcome outcome = Work::acked(grant);
    outcome.next_state = value;
    work.complete(std::move(outcome));
    work.world.commit();
  }
  // All keys are written and evicted.
  void evict() {
    const StateWrite write = keyed().take_dirty(~0ull);
    for (const KeyWrite& key : write.keys) {
      if (key.next != KeyWrite::Value::unchanged) disk[key.key] = key.value;
    }
    keyed().written(write);
    keyed().evict(0);
  }
  Decision forget(const std::string& key, TimeUs age_us) {
    const AgedState aged{key, age_us};
    return decide_forget_keys(work.state(), {&aged, 1}, false, work.world.now());
  }

  Work work;
  std::map<std::string, std::shared_ptr<const std::string>> disk;
};

TEST_F(KeysOnDisk, AMessageWaitsForTheStateOfItsKey) {
  handle("k", "1");
  evict();
  work.append("k");
  work.state().live.receivers[7].demand = 5;
  EXPECT_TRUE(dispatch(work.state(), work.world.time()).needs_states);
  EXPECT_EQ(wanted_states(work.state(), 10), std::vector<std::string>{"k"});
  EXPECT_TRUE(work.state().live.leases.empty());
  keyed().loaded("k", disk.at("k"));
  const std::vector<Grant> grants = work.lease(5);
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(*grants[0].state, "1");
  EXPECT_TRUE(wanted_states(work.state(), 10).empty());
}

TEST_F(KeysOnDisk, MessagesWithoutKeyWaitForNoState) {
  handle("k", "1");
  evict();
  work.append("");
  EXPECT_EQ(work.lease(5).size(), 1u);
}

TEST_F(KeysOnDisk, NothingIsLeasedWhileTooMuchIsDirty) {
  Limits limits;
  limits.state_cache_bytes = 100;
  work.world.set_limits(1, limits);
  handle("k", "1");
  work.append("other");
  EXPECT_TRUE(work.lease(5).empty());
  evict();
  keyed().loaded("other", nullptr);
  EXPECT_EQ(work.lease(5).size(), 1u);
}

TEST_F(KeysOnDisk, AnIdleKeyIsForgottenByARecord) {
  handle("k", "1");
  const TimeUs age_us = work.state().durable.age_us;
  evict();
  Decision decision = forget("k", age_us);
  ASSERT_TRUE(decision.record);
  work.world.send(1, std::move(decision));
  EXPECT_FALSE(forget("k", age_us).record) << "a record is in flight";
  work.append("k");
  keyed().loaded("k", disk.at("k"));
  EXPECT_TRUE(work.lease(5).empty()) << "with a state that is about to go";
  work.world.commit();
  const std::vector<Grant> grants = work.lease(5);
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(grants[0].state, nullptr);
}

TEST_F(KeysOnDisk, AKeyInUseIsNotForgotten) {
  handle("k", "1");
  const TimeUs age_us = work.state().durable.age_us;
  evict();
  work.append("k");
  EXPECT_FALSE(forget("k", age_us).record);
  keyed().loaded("k", disk.at("k"));
  const Grant grant = work.lease(5).at(0);
  EXPECT_FALSE(forget("k", age_us).record);
  work.world.advance(hour);
  set(grant, "2");
  EXPECT_FALSE(forget("k", age_us).record) << "it was changed since";
}

TEST_F(KeysOnDisk, StepsOfTheClockMakeNoKeyOlder) {
  Limits limits;
  limits.keep_state_us = 10 * hour;
  work.world.set_limits(1, limits);
  EXPECT_EQ(forget_before_us(work.state(), true, work.world.now()), std::nullopt);
  handle("k", "1");
  const TimeUs age_us = work.state().durable.age_us;
  const auto is_old = [&] {
    work.world.look(1);
    work.world.commit();
    return age_us < *forget_before_us(work.state(), false, work.world.now());
  };
  work.world.look(1);
  EXPECT_FALSE(is_old());
  work.world.step(1'000 * hour);
  EXPECT_FALSE(is_old());
  work.world.step(-2'000 * hour);
  EXPECT_FALSE(is_old());
  handle("other", "1");
  work.world.advance(9 * hour);
  EXPECT_FALSE(is_old());
  work.world.advance(2 * hour);
  EXPECT_TRUE(is_old());
}

}  // namespace
}  // namespace millrace::queues
