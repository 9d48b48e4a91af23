// Promise: a KeyedStore on disk never evicts a change that the state store may lack, whatever comes
// in between, and stays within its bytes. Checked on the store alone, and with acknowledgements that
// come late.
#include "actors/queue/state/keyed_store.hpp"

#include <gtest/gtest.h>

namespace millrace::queues {
namespace {

pb::StateChange value(const std::string& key, const std::string& bytes) {
  pb::StateChange change;
  change.set_key(key);
  change.set_value(bytes);
  change.add_history()->set_value(bytes);
  return change;
}

class OnDisk : public ::testing::Test {
 protected:
  OnDisk() { keyed_.keep_on_disk(false); }
  void set(const std::string& key, const std::string& bytes) {
    keyed_.apply(value(key, bytes), {++lsn_, 0});
  }
  std::string get(const std::string& key) {
    const auto found = keyed_.use(key);
    return found ? *found : "-";
  }
  KeyedStore keyed_;
  logs::Lsn lsn_ = 0;
};

TEST_F(OnDisk, AKeyIsKnownToBeAbsentUntilSomethingIsStored) {
  EXPECT_TRUE(keyed_.is_known("a"));
  set("b", "1");
  const StateWrite write = keyed_.take_dirty(1);
  EXPECT_TRUE(keyed_.has_stored());
  EXPECT_FALSE(keyed_.is_known("a"));
  EXPECT_TRUE(keyed_.is_known("b"));
  keyed_.loaded("a", nullptr);
  EXPECT_TRUE(keyed_.is_known("a"));
  EXPECT_EQ(get("a"), "-");
}

TEST_F(OnDisk, DirtyKeysAreNotEvicted) {
  for (int i = 0; i < 100; ++i) set(std::to_string(i), "v");
  keyed_.evict(0);
  EXPECT_EQ(keyed_.keys().size(), 100u);
  const StateWrite write = keyed_.take_dirty(~0ull);
  EXPECT_EQ(write.keys.size(), 100u);
  keyed_.evict(0);
  EXPECT_EQ(keyed_.keys().size(), 100u) << "taken is not written";
  keyed_.written(write);
  EXPECT_EQ(keyed_.dirty_bytes(), 0u);
  keyed_.evict(0);
  EXPECT_TRUE(keyed_.keys().empty());
  EXPECT_EQ(keyed_.resident_bytes(), 0u);
}

TEST_F(OnDisk, AChangeAfterTheWriteWasTakenStaysDirty) {
  set("a", "1");
  const StateWrite first = keyed_.take_dirty(~0ull);
  set("a", "2");
  keyed_.written(first);
  keyed_.evict(0);
  EXPECT_EQ(get("a"), "2");
  const StateWrite second = keyed_.take_dirty(~0ull);
  ASSERT_EQ(second.keys.size(), 1u);
  EXPECT_EQ(*second.keys[0].value, "2");
  ASSERT_EQ(second.keys[0].history.size(), 1u) << "the first entry is in the store";
  EXPECT_EQ(second.keys[0].history[0].lsn, 2u);
  keyed_.written(second);
  keyed_.evict(0);
  EXPECT_FALSE(keyed_.is_known("a"));
}

TEST_F(OnDisk, WritesThatOverlapAreAcknowledgedInOrder) {
  set("a", "1");
  const StateWrite trim = keyed_.take_dirty(1);
  set("a", "2");
  const StateWrite checkpoint = keyed_.take_dirty(~0ull);
  EXPECT_EQ(checkpoint.keys[0].history.size(), 2u);
  keyed_.written(trim);
  EXPECT_GT(keyed_.dirty_bytes(), 0u);
  keyed_.written(checkpoint);
  EXPECT_EQ(keyed_.dirty_bytes(), 0u);
  keyed_.written(trim);  // has no effect
  EXPECT_EQ(get("a"), "2");
}

TEST_F(OnDisk, AValueThatIsLoadedLateDoesNotReplaceANewerOne) {
  set("a", "1");
  keyed_.written(keyed_.take_dirty(~0ull));
  keyed_.evict(0);
  ASSERT_FALSE(keyed_.is_known("a"));
  set("a", "2");  // as a replay does
  keyed_.loaded("a", std::make_shared<const std::string>("1"));
  EXPECT_EQ(get("a"), "2");
}

TEST_F(OnDisk, AHistoryOfAKeyThatIsNotResidentKeepsItsValueInTheStore) {
  set("a", "1");
  keyed_.written(keyed_.take_dirty(~0ull));
  keyed_.evict(0);
  pb::StateChange change;
  change.set_key("a");
  change.add_history()->set_value("e");
  keyed_.apply(change, {++lsn_, 0});
  EXPECT_FALSE(keyed_.is_known("a"));
  const StateWrite write = keyed_.take_dirty(~0ull);
  EXPECT_EQ(write.keys[0].next, KeyWrite::Value::unchanged);
  keyed_.loaded("a", std::make_shared<const std::string>("1"));
  EXPECT_EQ(get("a"), "1");
}

TEST_F(OnDisk, ForgettingIsAChangeLikeOthers) {
  set("a", "1");
  keyed_.forget("a", false, {++lsn_, 0});
  EXPECT_EQ(get("a"), "-");
  const StateWrite write = keyed_.take_dirty(~0ull);
  EXPECT_EQ(write.keys[0].next, KeyWrite::Value::none);
  EXPECT_EQ(write.keys[0].forgotten, 2u);
  EXPECT_TRUE(write.keys[0].history.empty());
  set("a", "3");
  keyed_.written(write);
  const StateWrite later = keyed_.take_dirty(~0ull);
  EXPECT_EQ(later.keys[0].forgotten, 0u);
  EXPECT_EQ(later.keys[0].history.size(), 1u);
}

TEST_F(OnDisk, TimersStayWhenTheirKeyIsEvicted) {
  set("a", "1");
  pb::TimerSet timer;
  timer.set_key("a");
  timer.set_name("t");
  timer.set_due_us(50);
  keyed_.set_timer(timer, 1);
  keyed_.written(keyed_.take_dirty(~0ull));
  keyed_.evict(0);
  EXPECT_FALSE(keyed_.is_known("a"));
  EXPECT_TRUE(keyed_.find_timer("a", "t"));
  keyed_.clear_timer("a", "t");
  EXPECT_TRUE(keyed_.keys().empty());
}

TEST_F(OnDisk, TheLeastRecentlyUsedGoesFirst) {
  for (const char* key : {"a", "b", "c"}) set(key, "v");
  keyed_.written(keyed_.take_dirty(~0ull));
  ASSERT_EQ(get("a"), "v");
  keyed_.evict(keyed_.resident_bytes() - 1);
  EXPECT_TRUE(keyed_.is_known("a"));
  EXPECT_FALSE(keyed_.is_known("b"));
  EXPECT_TRUE(keyed_.is_known("c"));
}

TEST(KeyedStoreInMemory, KnowsEveryKeyAndWritesNothing) {
  KeyedStore keyed;
  keyed.apply(value("a", "1"), {1, 0});
  EXPECT_TRUE(keyed.is_known("b"));
  EXPECT_TRUE(keyed.take_dirty(~0ull).keys.empty());
  keyed.evict(0);
  EXPECT_EQ(*keyed.use("a"), "1");
  EXPECT_EQ(keyed.find("a")->residence, nullptr);
  keyed.forget("a", true);
  EXPECT_TRUE(keyed.find("a")->history.empty());
  keyed.forget("a", false);
  EXPECT_EQ(keyed.find("a"), nullptr);
}

}  // namespace
}  // namespace millrace::queues
